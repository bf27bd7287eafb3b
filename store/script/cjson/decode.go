package cjson

import (
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// kind is a kind of token; its name appears in error messages.
type kind string

const (
	objectBegin kind = "T_OBJ_BEGIN"
	objectEnd   kind = "T_OBJ_END"
	arrayBegin  kind = "T_ARR_BEGIN"
	arrayEnd    kind = "T_ARR_END"
	stringToken kind = "T_STRING"
	numberToken kind = "T_NUMBER"
	boolToken   kind = "T_BOOLEAN"
	nullToken   kind = "T_NULL"
	colon       kind = "T_COLON"
	comma       kind = "T_COMMA"
	end         kind = "T_END"
)

// token is what next found. The kind of a malformed one is the complaint about it.
type token struct {
	kind  kind
	at    int // where it begins
	value lua.LValue
}

// decoder parses in. A zero byte ends the input, as in the original.
type decoder struct {
	*config
	L     *lua.LState
	in    string
	at    int
	depth int
}

func (c *config) decode(L *lua.LState) int {
	if L.GetTop() != 1 {
		capi.ArgError(L, 1, "expected 1 argument")
	}
	in := capi.String(L, 1)
	if len(in) >= 2 && (in[0] == 0 || in[1] == 0) {
		capi.Errorf(L, "JSON parser does not support UTF-16 or UTF-32")
	}
	d := decoder{config: c, L: L, in: in}
	v := d.value(d.next(), 1)
	if t := d.next(); t.kind != end {
		d.unexpected("the end", t)
	}
	L.Push(v)
	return 1
}

func (d *decoder) unexpected(wanted string, t token) {
	capi.Errorf(d.L, "Expected %s but found %s at character %d", wanted, string(t.kind), t.at+1)
}

// value builds the value that begins with t. top is how many values the original would have on its stack.
func (d *decoder) value(t token, top int) lua.LValue {
	switch t.kind {
	case stringToken, numberToken, boolToken:
		return t.value
	case nullToken:
		return d.null
	case objectBegin:
		return d.object(top)
	case arrayBegin:
		return d.array(top)
	}
	d.unexpected("value", t)
	return nil
}

// descend enters an array or object, which needs some slots of the stack.
func (d *decoder) descend(top, slots int) {
	if d.depth++; d.depth > d.decodeDepthMax || !capi.HasStack(top, slots) {
		capi.Errorf(d.L, "Found too many nested data structures (%d) at character %d", d.depth, d.at)
	}
}

func (d *decoder) object(top int) lua.LValue {
	d.descend(top, 3)
	defer func() { d.depth-- }()
	table := d.L.NewTable()
	t := d.next()
	if t.kind == objectEnd {
		return table
	}
	for {
		if t.kind != stringToken {
			d.unexpected("object key string", t)
		}
		key := string(t.value.(lua.LString))
		if t = d.next(); t.kind != colon {
			d.unexpected("colon", t)
		}
		table.RawSetString(key, d.value(d.next(), top+2))
		if t = d.next(); t.kind == objectEnd {
			return table
		}
		if t.kind != comma {
			d.unexpected("comma or object end", t)
		}
		t = d.next()
	}
}

func (d *decoder) array(top int) lua.LValue {
	d.descend(top, 2)
	defer func() { d.depth-- }()
	table := d.L.NewTable()
	t := d.next()
	if t.kind == arrayEnd {
		return table
	}
	for {
		table.Append(d.value(t, top+1))
		if t = d.next(); t.kind == arrayEnd {
			return table
		}
		if t.kind != comma {
			d.unexpected("comma or array end", t)
		}
		t = d.next()
	}
}

// byteAt is the byte at i, zero beyond the end.
func (d *decoder) byteAt(i int) byte {
	if i < len(d.in) {
		return d.in[i]
	}
	return 0
}

func (d *decoder) next() token {
	d.skipSpace()
	switch c := d.byteAt(d.at); c {
	case '{':
		return d.short(objectBegin)
	case '}':
		return d.short(objectEnd)
	case '[':
		return d.short(arrayBegin)
	case ']':
		return d.short(arrayEnd)
	case ':':
		return d.short(colon)
	case ',':
		return d.short(comma)
	case 0:
		return token{kind: end, at: d.at}
	case '"':
		return d.string()
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		if d.decodeInvalid == invalidOff && d.invalidNumber() {
			return token{kind: "invalid number", at: d.at}
		}
		return d.number()
	}
	return d.word()
}

func (d *decoder) skipSpace() {
	for d.at < len(d.in) && strings.IndexByte(" \t\n\r", d.in[d.at]) >= 0 {
		d.at++
	}
}

// short takes a token of one byte.
func (d *decoder) short(k kind) token {
	d.at++
	return token{kind: k, at: d.at - 1}
}

// word takes a token that begins with a letter or with a byte that nothing begins with.
func (d *decoder) word() token {
	rest, t := d.in[d.at:], token{at: d.at}
	switch {
	case strings.HasPrefix(rest, "true"):
		t.kind, t.value = boolToken, lua.LTrue
		d.at += 4
	case strings.HasPrefix(rest, "false"):
		t.kind, t.value = boolToken, lua.LFalse
		d.at += 5
	case strings.HasPrefix(rest, "null"):
		t.kind = nullToken
		d.at += 4
	case d.decodeInvalid == invalidOn && strings.IndexByte("iInN+", rest[0]) >= 0 && d.invalidNumber():
		return d.number()
	default:
		t.kind = "invalid token"
	}
	return t
}

// invalidNumber says whether what comes is a number for C but not for JSON.
func (d *decoder) invalidNumber() bool {
	i := d.at
	switch d.byteAt(i) {
	case '+':
		return true
	case '-':
		i++
	}
	if d.byteAt(i) == '0' {
		c := d.byteAt(i + 1)
		return c|0x20 == 'x' || c >= '0' && c <= '9'
	}
	if d.byteAt(i) <= '9' {
		return false
	}
	word := strings.ToLower(d.in[i:min(i+3, len(d.in))])
	return word == "inf" || word == "nan"
}

func (d *decoder) number() token {
	f, n := capi.ParseFloat(d.in[d.at:])
	if n == 0 {
		return token{kind: "invalid number", at: d.at}
	}
	d.at += n
	return token{kind: numberToken, at: d.at - n, value: lua.LNumber(f)}
}

func (d *decoder) string() token {
	t := token{kind: stringToken, at: d.at}
	d.at++
	var out []byte
	for {
		plain := d.at
		for d.byteAt(d.at) != '"' && d.byteAt(d.at) != '\\' && d.byteAt(d.at) != 0 {
			d.at++
		}
		out = append(out, d.in[plain:d.at]...)
		switch d.byteAt(d.at) {
		case '"':
			d.at++
			t.value = lua.LString(out)
			return t
		case 0:
			return token{kind: "unexpected end of string", at: d.at}
		}
		var problem kind
		if out, problem = d.escape(out); problem != "" {
			return token{kind: problem, at: d.at}
		}
	}
}

// escape appends what the escape sequence at d.at stands for.
func (d *decoder) escape(out []byte) ([]byte, kind) {
	c := d.byteAt(d.at + 1)
	switch c {
	case '"', '\\', '/':
	case 'b':
		c = '\b'
	case 't':
		c = '\t'
	case 'n':
		c = '\n'
	case 'f':
		c = '\f'
	case 'r':
		c = '\r'
	case 'u':
		r, n := d.codepoint()
		if n == 0 {
			return out, "invalid unicode escape code"
		}
		d.at += n
		return utf8.AppendRune(out, r), ""
	default:
		return out, "invalid escape code"
	}
	d.at += 2
	return append(out, c), ""
}

// codepoint reads \uXXXX, or two of them that are a surrogate pair, and returns its length, 0 if it is malformed.
func (d *decoder) codepoint() (r rune, n int) {
	r = d.hex4(d.at + 2)
	switch {
	case r < 0 || r&0xfc00 == 0xdc00:
		return 0, 0
	case r&0xfc00 != 0xd800:
		return r, 6
	}
	if d.byteAt(d.at+6) != '\\' || d.byteAt(d.at+7) != 'u' {
		return 0, 0
	}
	low := d.hex4(d.at + 8)
	if low < 0 || low&0xfc00 != 0xdc00 {
		return 0, 0
	}
	return ((r&0x3ff)<<10 | low&0x3ff) + 0x10000, 12
}

// hex4 reads four hexadecimal digits at i, -1 if there are none.
func (d *decoder) hex4(i int) (r rune) {
	if len(d.in) < i+4 {
		return -1
	}
	for _, c := range []byte(d.in[i : i+4]) {
		place := strings.IndexByte(hexDigits, c|0x20)
		if c >= '0' && c <= '9' {
			place = int(c - '0')
		} else if place < 10 {
			return -1
		}
		r = r<<4 | rune(place)
	}
	return r
}
