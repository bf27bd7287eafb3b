package script

import (
	"fmt"
	"strconv"
	"strings"
)

// A check of a chunk by Lua 5.1's grammar, for three reasons: the messages are Lua's, which gopher-lua's parser words otherwise
// and less clearly; what only gopher-lua accepts is refused; and the nesting is bounded, without which its compiler, which
// follows it by calling itself, would exhaust the stack. This file takes the text apart, syntax.go has the grammar.

// token is a symbol or keyword by its text, or one of these:
type token string

const (
	tokEOF    token = "<eof>"
	tokName   token = "<name>"
	tokNumber token = "<number>"
	tokString token = "<string>"
)

var keywords = map[string]bool{
	"and": true, "break": true, "do": true, "else": true, "elseif": true, "end": true, "false": true, "for": true, "function": true,
	"if": true, "in": true, "local": true, "nil": true, "not": true, "or": true, "repeat": true, "return": true, "then": true,
	"true": true, "until": true, "while": true,
}

type lexer struct {
	chunk string
	s     string
	i     int
	line  int // of the token after the current one
	last  int // line of the last token consumed
	tok   token
	text  string // of the current token, as messages show it
	peek  *struct {
		tok  token
		text string
	}
}

// chunkError is Lua's message with its position.
type chunkError string

func (e chunkError) Error() string { return string(e) }

// fail raises an error; near is shown unless it is empty.
func (x *lexer) fail(msg, near string) {
	text := fmt.Sprintf("%s:%d: %s", x.chunk, x.line, msg)
	if near != "" {
		text += " near '" + near + "'"
	}
	panic(chunkError(text))
}

// next goes on to the next token.
func (x *lexer) next() {
	x.last = x.line
	if x.peek != nil {
		x.tok, x.text, x.peek = x.peek.tok, x.peek.text, nil
		return
	}
	x.tok, x.text = x.scan()
}

// look returns the token after the current one.
func (x *lexer) look() token {
	if x.peek == nil {
		tok, text := x.scan()
		x.peek = &struct {
			tok  token
			text string
		}{tok, text}
	}
	return x.peek.tok
}

func (x *lexer) at(i int) byte {
	if i < len(x.s) {
		return x.s[i]
	}
	return 0
}

func (x *lexer) scan() (token, string) {
	for x.i < len(x.s) {
		c := x.s[x.i]
		switch {
		case c == '\n' || c == '\r':
			x.newline()
		case isSpace(c):
			x.i++
		case c == '-' && x.at(x.i+1) == '-':
			x.comment()
		case c == '[':
			if n := x.longLevel(); n >= 0 {
				return x.long(n, "string")
			} else if n == -2 {
				x.fail("invalid long string delimiter", x.s[x.i:x.i+1+strings.IndexFunc(x.s[x.i+1:]+" ", func(r rune) bool { return r != '=' })])
			}
			x.i++
			return "[", "["
		case c == '"' || c == '\'':
			return x.quoted(c)
		case isDigit(c) || c == '.' && isDigit(x.at(x.i+1)):
			return x.number()
		case isAlpha(c) || c == '_':
			start := x.i
			for x.i < len(x.s) && (isAlpha(x.s[x.i]) || isDigit(x.s[x.i]) || x.s[x.i] == '_') {
				x.i++
			}
			word := x.s[start:x.i]
			if keywords[word] {
				return token(word), word
			}
			return tokName, word
		default:
			return x.symbol(c)
		}
	}
	return tokEOF, "<eof>"
}

func (x *lexer) newline() {
	c := x.s[x.i]
	x.i++
	if n := x.at(x.i); x.i < len(x.s) && (n == '\n' || n == '\r') && n != c {
		x.i++
	}
	x.line++
}

func (x *lexer) symbol(c byte) (token, string) {
	for _, s := range []string{"...", "..", "==", "<=", ">=", "~="} {
		if strings.HasPrefix(x.s[x.i:], s) {
			x.i += len(s)
			return token(s), s
		}
	}
	x.i++
	s := string([]byte{c})
	if c < 32 || c == 127 {
		s = fmt.Sprintf("char(%d)", c)
	}
	return token(s), s
}

// longLevel returns the number of equals signs if a long bracket begins here; -1: none does; -2: it is not finished.
func (x *lexer) longLevel() int {
	n := 0
	for x.at(x.i+1+n) == '=' {
		n++
	}
	switch {
	case x.at(x.i+1+n) == '[':
		return n
	case n == 0:
		return -1
	}
	return -2
}

func (x *lexer) long(level int, what string) (token, string) {
	start := x.i
	x.i += level + 2
	end := "]" + strings.Repeat("=", level) + "]"
	for x.i < len(x.s) {
		switch c := x.s[x.i]; {
		case c == '\n' || c == '\r':
			x.newline()
		case c == ']' && strings.HasPrefix(x.s[x.i:], end):
			x.i += len(end)
			return tokString, x.s[start:x.i]
		default:
			x.i++
		}
	}
	x.fail("unfinished long "+what, "<eof>")
	return "", ""
}

func (x *lexer) comment() {
	x.i += 2
	if x.at(x.i) == '[' {
		if n := x.longLevel(); n >= 0 {
			x.long(n, "comment")
			return
		}
	}
	for x.i < len(x.s) && x.s[x.i] != '\n' && x.s[x.i] != '\r' {
		x.i++
	}
}

func (x *lexer) quoted(q byte) (token, string) {
	start := x.i
	x.i++
	for x.at(x.i) != q || x.i >= len(x.s) {
		if x.i >= len(x.s) {
			x.fail("unfinished string", "<eof>")
		}
		switch c := x.s[x.i]; c {
		case '\n', '\r':
			x.fail("unfinished string", x.s[start:x.i])
		case '\\':
			x.escape(start)
		default:
			x.i++
		}
	}
	x.i++
	return tokString, x.s[start:x.i]
}

func (x *lexer) escape(start int) {
	x.i++
	switch c := x.at(x.i); {
	case x.i >= len(x.s):
	case c == '\n' || c == '\r':
		x.newline()
	case isDigit(c):
		n, from := 0, x.i-1
		for d := 0; d < 3 && isDigit(x.at(x.i)); d++ {
			n = n*10 + int(x.s[x.i]-'0')
			x.i++
		}
		if n > 255 {
			x.fail("escape sequence too large", x.s[start:from])
		}
	default:
		x.i++
	}
}

func (x *lexer) number() (token, string) {
	start := x.i
	for isDigit(x.at(x.i)) || x.at(x.i) == '.' {
		x.i++
	}
	if c := x.at(x.i); c == 'e' || c == 'E' {
		x.i++
		if c := x.at(x.i); c == '+' || c == '-' {
			x.i++
		}
	}
	for c := x.at(x.i); isAlpha(c) || isDigit(c) || c == '_'; c = x.at(x.i) {
		x.i++
	}
	text := x.s[start:x.i]
	if !validNumber(text) {
		x.fail("malformed number", text)
	}
	return tokNumber, text
}

func validNumber(s string) bool {
	if len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		_, err := strconv.ParseUint(s[2:], 16, 64)
		return err == nil
	}
	if strings.ContainsAny(s, "_xXpPiInN") {
		return false
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil || strings.Contains(err.Error(), "range")
}
