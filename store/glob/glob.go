// Package glob matches strings against Redis's glob-style patterns, as KEYS, SCAN, PSUBSCRIBE,
// CONFIG GET and the ACL key patterns use them.
//
//   - any bytes, also none
//     ?       one byte
//     [abc]   one of the bytes; [a-z] a range, whose ends may be swapped; [^…] none of them
//     \x      the byte x itself
//
// Malformed patterns are read as Redis reads them: a class without its bracket ends at the
// pattern's end, a lone backslash at the end stands for itself. An empty string matches an empty pattern only:
// not even "*", which is why KEYS and SCAN do not ask about that pattern at all.
//
// Matching walks the string once and, on a mismatch, goes back to the last star only: an
// earlier star cannot do better, because the pieces between two stars are matched as far left as
// possible. The cost is therefore at most len(pattern)*len(s), whatever the number of stars.
package glob

// Match reports whether all of s matches pattern. With nocase, ASCII letters match in either case.
func Match(pattern, s []byte, nocase bool) bool {
	if len(s) == 0 {
		return len(pattern) == 0
	}
	p, i := 0, 0
	starP, starI := -1, 0 // where to go on when the rest does not match: pattern after the star, next start in s
	for {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			starP, starI = p, i
			if p == len(pattern) {
				return true
			}
			continue
		}
		if i == len(s) {
			return p == len(pattern)
		}
		if p < len(pattern) {
			if n, ok := matchOne(pattern[p:], s[i], nocase); ok {
				p, i = p+n, i+1
				continue
			}
		}
		if starP < 0 {
			return false
		}
		starI++
		p, i = starP, starI
	}
}

// HasWildcard reports whether s means anything but itself as a pattern, in the sense in which CONFIG GET
// asks: an escape alone does not count.
func HasWildcard(s []byte) bool {
	for _, c := range s {
		if c == '*' || c == '?' || c == '[' {
			return true
		}
	}
	return false
}

// matchOne matches one byte against the first element of pattern, which is not a star, and returns
// the element's length.
func matchOne(pattern []byte, c byte, nocase bool) (int, bool) {
	switch pattern[0] {
	case '?':
		return 1, true
	case '[':
		return matchClass(pattern, c, nocase)
	case '\\':
		if len(pattern) >= 2 {
			return 2, same(pattern[1], c, nocase)
		}
	}
	return 1, same(pattern[0], c, nocase)
}

// matchClass matches c against the class that starts pattern.
func matchClass(pattern []byte, c byte, nocase bool) (int, bool) {
	p, not, found := 1, false, false
	if p < len(pattern) && pattern[p] == '^' {
		not = true
		p++
	}
	for ; p < len(pattern); p++ {
		switch {
		case pattern[p] == '\\' && len(pattern)-p >= 2:
			p++
			found = found || pattern[p] == c // an escaped byte in a class is compared as it is
		case pattern[p] == ']':
			return p + 1, found != not
		case len(pattern)-p >= 3 && pattern[p+1] == '-':
			found = found || inRange(pattern[p], pattern[p+2], c, nocase)
			p += 2
		default:
			found = found || same(pattern[p], c, nocase)
		}
	}
	return p, found != not
}

func inRange(from, to, c byte, nocase bool) bool {
	if from > to {
		from, to = to, from
	}
	if nocase {
		from, to, c = lower(from), lower(to), lower(c)
	}
	return from <= c && c <= to
}

func same(a, b byte, nocase bool) bool {
	return a == b || nocase && lower(a) == lower(b)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
