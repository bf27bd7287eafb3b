package resp

import "bytes"

// SplitArgs splits a line into arguments by the rules of inline commands and of
// redis.conf: blanks separate, "..." knows the escapes \n \r \t \b \a \xHH and
// \c for any other c, '...' knows \' only, and a closing quote must be followed
// by a blank or the end. It returns false if quotes do not match. Arguments
// without quotes alias line.
func SplitArgs(line []byte) ([][]byte, bool) {
	return appendArgs(nil, line)
}

// appendArgs is SplitArgs, appending to dst.
func appendArgs(dst [][]byte, line []byte) ([][]byte, bool) {
	if i := bytes.IndexByte(line, 0); i >= 0 {
		line = line[:i] // Redis reads a C string
	}
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return dst, true
		}
		from := i
		for i < len(line) && !endsWord(line[i]) && line[i] != '"' && line[i] != '\'' {
			i++
		}
		word := line[from:i:i]
		if i < len(line) && !endsWord(line[i]) {
			var ok bool
			if word, i, ok = appendQuotedWord(word, line, i); !ok {
				return dst, false
			}
		}
		dst = append(dst, word)
	}
}

// appendQuotedWord reads the quotes that open at line[i] and returns the word
// and the offset behind it. A closing quote always ends the word.
func appendQuotedWord(word, line []byte, i int) ([]byte, int, bool) {
	quote := line[i]
	for i++; i < len(line); i++ {
		c := line[i]
		switch {
		case c == quote:
			i++
			return word, i, i == len(line) || isSpace(line[i])
		case c != '\\' || i+1 == len(line):
		case quote == '\'':
			if line[i+1] == '\'' {
				i++
				c = '\''
			}
		default:
			c, i = unescape(line, i+1)
		}
		word = append(word, c)
	}
	return nil, i, false
}

// unescape reads the escape whose letter is at line[i] and returns its value and
// the offset of its last byte.
func unescape(line []byte, i int) (byte, int) {
	switch c := line[i]; c {
	case 'n':
		return '\n', i
	case 'r':
		return '\r', i
	case 't':
		return '\t', i
	case 'b':
		return '\b', i
	case 'a':
		return '\a', i
	case 'x':
		if i+2 < len(line) {
			hi, lo := hexDigit(line[i+1]), hexDigit(line[i+2])
			if hi >= 0 && lo >= 0 {
				return byte(hi<<4 | lo), i + 2
			}
		}
		return c, i
	default:
		return c, i
	}
}

// AppendQuoted appends b in double quotes, escaped so that it is printable and
// that SplitArgs gives b back.
func AppendQuoted(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range b {
		switch c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		case '\a':
			dst = append(dst, '\\', 'a')
		case '\b':
			dst = append(dst, '\\', 'b')
		default:
			if c >= ' ' && c <= '~' {
				dst = append(dst, c)
			} else {
				dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
			}
		}
	}
	return append(dst, '"')
}

// isSpace is C's isspace.
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// endsWord: vertical tab and form feed separate words, but do not end them.
func endsWord(c byte) bool { return c == ' ' || c == '\n' || c == '\r' || c == '\t' }

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
