# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# guide: shows docs/guide in the terminal, and checks answers to its questions against the running engines.

guide_python() { LAB_DIR=$LAB_DIR python3 -B lab.d/guide.py "$@"; }

lab_guide() { guide_python show "$@"; }

guide_answer() { guide_python answer "$@"; }
