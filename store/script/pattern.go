package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// Lua's patterns, matched by backtracking as Lua 5.1 does it, with its limits and messages.

const (
	capturesMax = 32
	// matchDepthMax bounds how deep the matcher calls itself.
	matchDepthMax = 20000

	captureOpen     = -1
	capturePosition = -2
)

type capture struct{ start, len int }

// matcher matches pattern p against s.
type matcher struct {
	L       *lua.LState
	s, p    string
	level   int
	capture [capturesMax]capture
	depth   int
	steps   int
	limit   *limiter
}

func (m *matcher) fail(text string) { capi.Errorf(m.L, "%s", text) }

// tick lets a match that takes long be interrupted like any instruction.
func (m *matcher) tick() {
	if m.steps++; m.steps&1023 == 0 && m.limit.Done() != nil {
		m.L.RaiseError("%s", m.limit.stop)
	}
}

func (m *matcher) checkCapture(c byte) int {
	l := int(c) - '1'
	if l < 0 || l >= m.level || m.capture[l].len == captureOpen {
		m.fail("invalid capture index")
	}
	return l
}

func (m *matcher) captureToClose() int {
	for l := m.level - 1; l >= 0; l-- {
		if m.capture[l].len == captureOpen {
			return l
		}
	}
	m.fail("invalid pattern capture")
	return 0
}

// classEnd returns where the single-character class at p ends.
func (m *matcher) classEnd(p int) int {
	c := m.p[p]
	p++
	switch c {
	case '%':
		if p >= len(m.p) {
			m.fail("malformed pattern (ends with '%')")
		}
		return p + 1
	case '[':
		if p < len(m.p) && m.p[p] == '^' {
			p++
		}
		for {
			if p >= len(m.p) {
				m.fail("malformed pattern (missing ']')")
			}
			c := m.p[p]
			p++
			if c == '%' && p < len(m.p) {
				p++
			}
			if p < len(m.p) && m.p[p] == ']' {
				return p + 1
			}
		}
	}
	return p
}

func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// inClass tells whether c is in the class named by a letter.
func inClass(c, class byte) bool {
	var in bool
	switch class | 0x20 {
	case 'a':
		in = isAlpha(c)
	case 'c':
		in = c < 32 || c == 127
	case 'd':
		in = isDigit(c)
	case 'l':
		in = c >= 'a' && c <= 'z'
	case 'p':
		in = c > 32 && c < 127 && !isAlpha(c) && !isDigit(c)
	case 's':
		in = isSpace(c)
	case 'u':
		in = c >= 'A' && c <= 'Z'
	case 'w':
		in = isAlpha(c) || isDigit(c)
	case 'x':
		in = isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		in = c == 0
	default:
		return class == c
	}
	if !isAlpha(class) {
		return class == c
	}
	return in == (class >= 'a')
}

// inSet matches c against the set from p, the bracket, to end, the closing one.
func (m *matcher) inSet(c byte, p, end int) bool {
	want := true
	p++
	if m.p[p] == '^' {
		want = false
		p++
	}
	for ; p < end; p++ {
		switch {
		case m.p[p] == '%':
			p++
			if inClass(c, m.p[p]) {
				return want
			}
		case p+2 < end && m.p[p+1] == '-':
			if m.p[p] <= c && c <= m.p[p+2] {
				return want
			}
			p += 2
		case m.p[p] == c:
			return want
		}
	}
	return !want
}

func (m *matcher) single(s, p, end int) bool {
	if s >= len(m.s) {
		return false
	}
	c := m.s[s]
	switch m.p[p] {
	case '.':
		return true
	case '%':
		return inClass(c, m.p[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.p[p] == c
}

// match matches the pattern from p on at s and returns where it ends, -1: it does not match.
func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > matchDepthMax {
		m.fail("pattern too complex")
	}
	defer func() { m.depth-- }()
	for p < len(m.p) {
		m.tick()
		switch m.p[p] {
		case '(':
			if p+1 < len(m.p) && m.p[p+1] == ')' {
				return m.startCapture(s, p+2, capturePosition)
			}
			return m.startCapture(s, p+1, captureOpen)
		case ')':
			return m.endCapture(s, p+1)
		case '$':
			if p+1 == len(m.p) {
				if s == len(m.s) {
					return s
				}
				return -1
			}
		case '%':
			if p+1 < len(m.p) {
				switch c := m.p[p+1]; {
				case c == 'b':
					if s = m.balance(s, p+2); s < 0 {
						return -1
					}
					p += 4
					continue
				case c == 'f':
					p += 2
					if p >= len(m.p) || m.p[p] != '[' {
						m.fail("missing '[' after '%f' in pattern")
					}
					end := m.classEnd(p)
					if m.inSet(m.at(s-1), p, end-1) || !m.inSet(m.at(s), p, end-1) {
						return -1
					}
					p = end
					continue
				case isDigit(c):
					l := m.checkCapture(c)
					part := m.s[m.capture[l].start : m.capture[l].start+max(m.capture[l].len, 0)]
					if !strings.HasPrefix(m.s[s:], part) {
						return -1
					}
					s += len(part)
					p += 2
					continue
				}
			}
		}
		end := m.classEnd(p)
		switch m.suffix(end) {
		case '?':
			if m.single(s, p, end) {
				if r := m.match(s+1, end+1); r >= 0 {
					return r
				}
			}
			p = end + 1
		case '*':
			return m.expandMost(s, p, end, 0)
		case '+':
			return m.expandMost(s, p, end, 1)
		case '-':
			return m.expandLeast(s, p, end)
		default:
			if !m.single(s, p, end) {
				return -1
			}
			s++
			p = end
		}
	}
	return s
}

func (m *matcher) suffix(p int) byte {
	if p < len(m.p) {
		return m.p[p]
	}
	return 0
}

// at is the character at i, 0 outside the string.
func (m *matcher) at(i int) byte {
	if i < 0 || i >= len(m.s) {
		return 0
	}
	return m.s[i]
}

func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.p) {
		m.fail("unbalanced pattern")
	}
	if s >= len(m.s) || m.s[s] != m.p[p] {
		return -1
	}
	open, end, nesting := m.p[p], m.p[p+1], 1
	for i := s + 1; i < len(m.s); i++ {
		if c := m.s[i]; c == end {
			if nesting--; nesting == 0 {
				return i + 1
			}
		} else if c == open {
			nesting++
		}
	}
	return -1
}

func (m *matcher) expandMost(s, p, end, least int) int {
	n := 0
	for m.single(s+n, p, end) {
		n++
	}
	for ; n >= least; n-- {
		m.tick()
		if r := m.match(s+n, end+1); r >= 0 {
			return r
		}
	}
	return -1
}

func (m *matcher) expandLeast(s, p, end int) int {
	for {
		if r := m.match(s, end+1); r >= 0 {
			return r
		}
		if !m.single(s, p, end) {
			return -1
		}
		s++
	}
}

func (m *matcher) startCapture(s, p, what int) int {
	if m.level >= capturesMax {
		m.fail("too many captures")
	}
	m.capture[m.level] = capture{s, what}
	m.level++
	r := m.match(s, p)
	if r < 0 {
		m.level--
	}
	return r
}

func (m *matcher) endCapture(s, p int) int {
	l := m.captureToClose()
	m.capture[l].len = s - m.capture[l].start
	r := m.match(s, p)
	if r < 0 {
		m.capture[l].len = captureOpen
	}
	return r
}

// value is capture i, or the whole match from s to e if there are no captures.
func (m *matcher) value(i, s, e int) lua.LValue {
	if i >= m.level {
		if i != 0 {
			m.fail("invalid capture index")
		}
		return lua.LString(m.s[s:e])
	}
	c := m.capture[i]
	switch c.len {
	case captureOpen:
		m.fail("unfinished capture")
	case capturePosition:
		return lua.LNumber(c.start + 1)
	}
	return lua.LString(m.s[c.start : c.start+c.len])
}

// push pushes all captures; whole says that without any the whole match counts as one.
func (m *matcher) push(s, e int, whole bool) int {
	n := m.level
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		m.L.Push(m.value(i, s, e))
	}
	return n
}
