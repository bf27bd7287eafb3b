package aof

// Names in a manifest are quoted when they hold blanks or odd bytes, with the
// escapes of redis-cli: \n \r \t \a \b \" \\ and \xHH.

const hexDigits = "0123456789abcdef"

// appendName appends name, quoted if it has to be.
func appendName(dst []byte, name string) []byte {
	plain := name != ""
	for i := 0; i < len(name); i++ {
		if c := name[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\'' || c == '\\' {
			plain = false
		}
	}
	if plain {
		return append(dst, name...)
	}
	dst = append(dst, '"')
	for i := 0; i < len(name); i++ {
		dst = appendEscaped(dst, name[i])
	}
	return append(dst, '"')
}

func appendEscaped(dst []byte, c byte) []byte {
	switch c {
	case '\\', '"':
		return append(dst, '\\', c)
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	case '\a':
		return append(dst, '\\', 'a')
	case '\b':
		return append(dst, '\\', 'b')
	}
	if c < ' ' || c >= 0x7f {
		return append(dst, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
	}
	return append(dst, c)
}

// splitWords splits a line at its blanks; quoted words may hold blanks. It
// returns false when a quote is not closed or is followed by more text.
func splitWords(line string) ([]string, bool) {
	var words []string
	for i := 0; ; {
		for i < len(line) && isSpace(line[i]) {
			i++
		}
		if i == len(line) {
			return words, true
		}
		word, n, ok := nextWord(line[i:])
		if !ok {
			return nil, false
		}
		words = append(words, word)
		i += n
	}
}

// nextWord reads the word that s begins with and returns its length in s.
func nextWord(s string) (word string, n int, ok bool) {
	var w []byte
	for n < len(s) && !isSpace(s[n]) {
		c := s[n]
		n++
		if c != '"' && c != '\'' {
			w = append(w, c)
			continue
		}
		for {
			if n == len(s) {
				return "", 0, false
			}
			if s[n] == c {
				n++
				break
			}
			if s[n] != '\\' || n+1 == len(s) {
				w = append(w, s[n])
				n++
				continue
			}
			var b byte
			b, n = unescape(s, n, c == '"')
			w = append(w, b)
		}
		if n < len(s) && !isSpace(s[n]) {
			return "", 0, false
		}
	}
	return string(w), n, true
}

// unescape reads the escape at s[n] and returns its byte and what follows it.
// Single quotes know only \'.
func unescape(s string, n int, full bool) (byte, int) {
	c := s[n+1]
	if !full {
		if c == '\'' {
			return c, n + 2
		}
		return '\\', n + 1
	}
	if c == 'x' && n+3 < len(s) {
		hi, lo := hexValue(s[n+2]), hexValue(s[n+3])
		if hi >= 0 && lo >= 0 {
			return byte(hi<<4 | lo), n + 4
		}
	}
	switch c {
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'a':
		c = '\a'
	case 'b':
		c = '\b'
	}
	return c, n + 2
}

func hexValue(c byte) int {
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

func isSpace(c byte) bool { return c == ' ' || (c >= '\t' && c <= '\r') }
