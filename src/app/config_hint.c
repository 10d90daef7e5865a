/* SPDX-License-Identifier: MIT */
#include "app/config_hint.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"

enum { DEPTH_MAX = 32 };
enum token { END, NAME, NUMBER, SWITCH, TEXT, WORD, SIGN, OPEN_TEXT };
enum state { WANT_NAME, WANT_EQUALS, WANT_VALUE, BEHIND_VALUE };

struct scan {
  const char *at, *end;
  unsigned line; /* of at */
  /* The current token. */
  enum token token;
  const char *text;
  size_t len;
  unsigned token_line;
  /* The position of the token: */
  enum state state;
  char shown[TEXT_SHOWN_SIZE], name[TEXT_SHOWN_SIZE]; /* the token's and the last setting's, for messages */
  unsigned name_line;
  struct {
    char bracket;
    char name[TEXT_SHOWN_SIZE];
    unsigned line;
  } open[DEPTH_MAX];
  size_t depth;
  /* What was found: */
  char *out;
  unsigned found;
};

static void advance(struct scan *scan, size_t len) {
  for (; len > 0 && scan->at < scan->end; len--) scan->line += *scan->at++ == '\n';
}

static bool begins(const struct scan *scan, const char *with) {
  size_t len = strlen(with);
  return (size_t)(scan->end - scan->at) >= len && memcmp(scan->at, with, len) == 0;
}

/* Skips white space and comments. app_config_text() has checked that each comment ends. */
static void skip(struct scan *scan) {
  for (;;) {
    while (scan->at < scan->end && isspace((unsigned char)*scan->at)) advance(scan, 1);
    scan->token_line = scan->line;
    if (begins(scan, "#") || begins(scan, "//")) {
      while (scan->at < scan->end && *scan->at != '\n') advance(scan, 1);
    } else if (begins(scan, "/*")) {
      for (advance(scan, 2); scan->at < scan->end && !begins(scan, "*/");) advance(scan, 1);
      advance(scan, 2);
    } else {
      return;
    }
  }
}

/* A text that continues on the next line lacks its closing quote. */
static enum token read_text(struct scan *scan) {
  for (advance(scan, 1); scan->at < scan->end && *scan->at != '"'; advance(scan, 1)) {
    if (*scan->at == '\n') return OPEN_TEXT;
    if (*scan->at == '\\') advance(scan, 1);
  }
  if (scan->at == scan->end) return OPEN_TEXT;
  advance(scan, 1);
  return TEXT;
}

static enum token kind_of_word(const char *text, size_t len) {
  char word[64], *end;
  if (len < sizeof word) {
    memcpy(word, text, len);
    word[len] = '\0';
    if (strcasecmp(word, "true") == 0 || strcasecmp(word, "false") == 0) return SWITCH;
    if (strpbrk(word, "0123456789") && strspn(word, "+-.0123456789") > 0) {
      (void)strtod(word, &end);
      if (end[strspn(end, "L")] == '\0') return NUMBER;
    }
  }
  if (!isalpha((unsigned char)*text) && *text != '*') return WORD;
  for (size_t i = 0; i < len; i++)
    if (text[i] == '.' || text[i] == '+') return WORD;
  return NAME;
}

static void next(struct scan *scan) {
  skip(scan);
  scan->text = scan->at;
  if (scan->at == scan->end) {
    scan->token = END;
  } else if (*scan->at == '"') {
    scan->token = read_text(scan);
  } else if (isalnum((unsigned char)*scan->at) || strchr("*+-._", *scan->at)) {
    while (scan->at < scan->end && (isalnum((unsigned char)*scan->at) || strchr("*+-._", *scan->at)))
      advance(scan, 1);
    scan->token = kind_of_word(scan->text, (size_t)(scan->at - scan->text));
  } else {
    do advance(scan, 1);
    while (scan->at < scan->end &&
           ((unsigned char)*scan->at & 0xc0) == 0x80); /* continue to the end of the UTF-8 character */
    scan->token = SIGN;
  }
  scan->len = (size_t)(scan->at - scan->text);
  if (scan->token == TEXT && memchr(scan->text, '@', scan->len))
    strcpy(scan->shown, "\"...\""); /* a URL may hold a password */
  else
    text_show(scan->text, scan->len, scan->shown);
}

static bool is_sign(const struct scan *scan, const char *signs) {
  return scan->token == SIGN && *scan->text && strchr(signs, *scan->text);
}

static void found(struct scan *scan, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void found(struct scan *scan, unsigned line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(scan->out, APP_HINT_SIZE, format, args);
  va_end(args);
  scan->found = line;
}

static char closing(char bracket) {
  return bracket == '{' ? '}' : bracket == '[' ? ']' : ')';
}

static void open_bracket(struct scan *scan) {
  if (scan->depth == DEPTH_MAX) return; /* libconfig has its own limit */
  scan->open[scan->depth].bracket = *scan->text;
  scan->open[scan->depth].line = scan->token_line;
  strcpy(scan->open[scan->depth++].name, scan->name);
  scan->state = *scan->text == '{' ? WANT_NAME : WANT_VALUE;
}

static void unclosed(struct scan *scan, const char *before) {
  char bracket = scan->open[scan->depth - 1].bracket;
  found(scan, scan->open[scan->depth - 1].line, "%.60s: its '%c' has no '%c'%s%s",
        scan->open[scan->depth - 1].name, bracket, closing(bracket), *before ? " before " : "", before);
}

static void close_bracket(struct scan *scan) {
  if (scan->depth == 0) {
    found(scan, scan->token_line, "'%s' closes nothing that is open: remove it", scan->shown);
  } else if (closing(scan->open[scan->depth - 1].bracket) != *scan->text) {
    unclosed(scan, "the next bracket");
  } else {
    scan->depth--;
    scan->state = BEHIND_VALUE;
  }
}

static void on_name(struct scan *scan) {
  if (scan->token == NAME) {
    strcpy(scan->name, scan->shown);
    scan->name_line = scan->token_line;
    scan->state = WANT_EQUALS;
  } else if (is_sign(scan, "}")) {
    close_bracket(scan);
  } else if (scan->token == WORD && isalpha((unsigned char)*scan->text)) {
    found(scan, scan->token_line, "%s: a setting of a group is written GROUP = { NAME = VALUE; };",
          scan->shown);
  } else if (is_sign(scan, "[")) {
    found(scan, scan->token_line, "unexpected '[': a group is written NAME = { ... };");
  } else if (scan->token == TEXT) {
    found(scan, scan->token_line, "unexpected %s: the name of a setting has no quotes", scan->shown);
  } else if (scan->token == NUMBER || scan->token == WORD) {
    found(scan, scan->token_line,
          "unexpected %s where a setting's name is expected; the decimal sign of a number is a point",
          scan->shown);
  } else if (scan->len == 3 && memcmp(scan->text, "\xef\xbb\xbf", 3) == 0) {
    found(scan, scan->token_line, "the file begins with a byte order mark: save it as UTF-8 without one");
  } else {
    found(scan, scan->token_line, "unexpected '%s' where a setting's name is expected", scan->shown);
  }
}

static void on_equals(struct scan *scan) {
  if (is_sign(scan, "=:"))
    scan->state = WANT_VALUE;
  else
    found(scan, scan->name_line, "%s requires '=' before its value", scan->name);
}

static void on_value(struct scan *scan) {
  bool in_list = scan->depth > 0 && scan->open[scan->depth - 1].bracket != '{';
  scan->state = BEHIND_VALUE;
  if (scan->token == NUMBER || scan->token == SWITCH || scan->token == TEXT) return;
  if (is_sign(scan, "{[(")) {
    open_bracket(scan);
  } else if (in_list && is_sign(scan, "])}")) {
    close_bracket(scan);
  } else if (scan->token != END && !is_sign(scan, ";,=:}])")) {
    found(scan, scan->token_line,
          "%s: cannot read the value %s; a text is written in quotes (\"%s\"), a switch is true or false",
          scan->name, scan->shown, scan->shown);
  } else {
    found(scan, scan->name_line, "%s has no value", scan->name);
  }
}

static void behind_value(struct scan *scan, enum token before) {
  bool in_list = scan->depth > 0 && scan->open[scan->depth - 1].bracket != '{';
  if (scan->token == TEXT && before == TEXT) return; /* adjacent texts are parts of one text */
  if (is_sign(scan, "])}"))
    close_bracket(scan);
  else if (in_list && is_sign(scan, ","))
    scan->state = WANT_VALUE;
  else if (in_list)
    unclosed(scan, scan->shown);
  else if (is_sign(scan, ";,"))
    scan->state = WANT_NAME;
  else if (scan->token == NAME)
    on_name(scan); /* the semicolon may be left out */
  else
    found(scan, scan->token_line, "unexpected %s after the value of %s", scan->shown, scan->name);
}

static void step(struct scan *scan, enum token before) {
  if (scan->token == OPEN_TEXT)
    found(scan, scan->token_line, "the text that begins in this line has no closing quote");
  else if (scan->token == END && scan->depth > 0 && scan->state != WANT_EQUALS)
    unclosed(scan, "the end of the file");
  else if (scan->state == WANT_EQUALS)
    on_equals(scan);
  else if (scan->state == WANT_VALUE)
    on_value(scan);
  else if (scan->token == END)
    return;
  else if (scan->state == WANT_NAME)
    on_name(scan);
  else
    behind_value(scan, before);
}

unsigned app_config_hint(const char *text, size_t len, char out[APP_HINT_SIZE]) {
  struct scan scan = {.at = text, .end = text + len, .line = 1, .state = WANT_NAME, .out = out};
  enum token before;
  scan.token = SIGN;
  do {
    before = scan.token;
    next(&scan);
    step(&scan, before);
  } while (!scan.found && scan.token != END);
  return scan.found;
}
