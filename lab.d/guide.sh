# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# guide, and answers to its questions: docs/guide in the terminal, and the running engines as the judge.

guide_python() { LAB_DIR=$LAB_DIR python3 -B lab.d/guide.py "$@"; }

lab_guide() { guide_python show "$@"; }

guide_answer() { guide_python answer "$@"; }
