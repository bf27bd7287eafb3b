package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// splitWords splits a line of a configuration file into words. Blanks separate words; a part in double
// quotes may hold blanks and the escapes \n \r \t \a \b \xHH, one in single quotes only \'. After a
// closing quote the word must end. It reports false if quotes are unbalanced.
func splitWords(s string) ([]string, bool) {
	var words []string
	for {
		s = strings.TrimLeft(s, blanks)
		if s == "" {
			return words, true
		}
		word, n, ok := nextWord(s)
		if !ok {
			return nil, false
		}
		words, s = append(words, word), s[n:]
	}
}

const blanks = " \t\n\v\f\r"

func isBlank(c byte) bool { return strings.IndexByte(blanks, c) >= 0 }

// nextWord reads the word that s starts with and returns how many bytes it took.
func nextWord(s string) (string, int, bool) {
	var word []byte
	for i := 0; i < len(s); {
		c := s[i]
		if isBlank(c) {
			return string(word), i, true
		}
		if c != '"' && c != '\'' {
			word = append(word, c)
			i++
			continue
		}
		var n int
		var ok bool
		if word, n, ok = quoted(word, s[i:]); !ok {
			return "", 0, false
		}
		if i += n; i < len(s) && !isBlank(s[i]) {
			return "", 0, false
		}
	}
	return string(word), len(s), true
}

// quoted appends to word the quoted part that s starts with and returns its length with the quotes.
func quoted(word []byte, s string) ([]byte, int, bool) {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		c := s[i]
		switch {
		case c == quote:
			return word, i + 1, true
		case c == '\\' && quote == '\'' && i+1 < len(s) && s[i+1] == '\'':
			i++
			word = append(word, '\'')
		case c == '\\' && quote == '"' && i+1 < len(s):
			b, n := unescape(s[i:])
			word = append(word, b)
			i += n - 1
		default:
			word = append(word, c)
		}
	}
	return nil, 0, false
}

// unescape reads the escape that s, of two bytes or more, starts with.
func unescape(s string) (byte, int) {
	if s[1] == 'x' && len(s) >= 4 {
		if n, err := strconv.ParseUint(s[2:4], 16, 8); err == nil {
			return byte(n), 4
		}
	}
	if i := strings.IndexByte("nrtba", s[1]); i >= 0 {
		return "\n\r\t\b\a"[i], 2
	}
	return s[1], 2
}

// Quote prints s as a word in double quotes, as Redis prints strings into files and logs.
func Quote(s string) string {
	b := make([]byte, 0, len(s)+2)
	b = append(b, '"')
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '\\' || c == '"':
			b = append(b, '\\', c)
		case strings.IndexByte("\n\r\t\a\b", c) >= 0:
			b = append(b, '\\', "nrtab"[strings.IndexByte("\n\r\t\a\b", c)])
		case c < ' ' || c > '~':
			b = fmt.Appendf(b, "\\x%02x", c)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, '"'))
}

// parseMemory reads a size: digits and a unit (b, k, kb, m, mb, g, gb; the short ones are powers of
// 1000). As in Redis no digits are 0, and what does not fit wraps.
func parseMemory(s string) (uint64, bool) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	unit, ok := memoryUnits[strings.ToLower(s[digits:])]
	if !ok || digits >= 128 {
		return 0, false
	}
	if digits == 0 {
		return 0, true
	}
	n, err := strconv.ParseUint(s[:digits], 10, 64)
	if err != nil {
		n = math.MaxUint64
	}
	return n * unit, true
}

var memoryUnits = map[string]uint64{
	"": 1, "b": 1,
	"k": 1000, "kb": 1 << 10,
	"m": 1000 * 1000, "mb": 1 << 20,
	"g": 1000 * 1000 * 1000, "gb": 1 << 30,
}

// formatMemory prints a positive size with the largest unit that divides it.
func formatMemory(n int64) string {
	switch {
	case n%(1<<30) == 0:
		return strconv.FormatInt(n>>30, 10) + "gb"
	case n%(1<<20) == 0:
		return strconv.FormatInt(n>>20, 10) + "mb"
	case n%(1<<10) == 0:
		return strconv.FormatInt(n>>10, 10) + "kb"
	}
	return strconv.FormatInt(n, 10)
}

// parseInt reads a number in its only canonical form: no plus, no leading zero, no blank.
func parseInt(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == s
}

// parseLenient reads a number like C's strtoll: leading blanks, a sign and an empty string are fine, and
// what does not fit becomes the nearest that does (only base 10; other bases refuse it).
func parseLenient(s string, base int) (int64, bool) {
	if s == "" {
		return 0, true
	}
	t := strings.TrimLeft(s, blanks)
	if strings.ContainsRune(t, '_') {
		return 0, false
	}
	n, err := strconv.ParseInt(t, base, 64)
	if ne, ok := err.(*strconv.NumError); ok && ne.Err == strconv.ErrRange && base == 10 {
		return n, true
	}
	return n, err == nil
}

// parseFloat reads a number or fraction without any blank.
func parseFloat(s string) (float64, bool) {
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !strings.ContainsRune(s, '_')
}
