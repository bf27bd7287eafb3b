// Package structlib is the library struct 0.2: Lua values as C structures.
//
// A format is a row of letters:
//
//	>  <       big endian, little endian (the default)
//	!n         align to at most n bytes, a power of 2; ! alone is 8. The default is no alignment
//	x          a byte of padding
//	b B h H    integers of 1 and 2 bytes, signed and unsigned
//	l L T      integers of 8 bytes
//	in In      integers of n bytes, at most 32; 4 if n is not given
//	f d        float and double
//	cn         n bytes of a string, 1 if n is not given. 0 is the whole string, or, in unpack, as many as the number before says
//	s          a string that a zero byte ends
package structlib

import (
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// Open sets the global table struct.
func Open(L *lua.LState) {
	L.SetGlobal("struct", L.SetFuncs(L.NewTable(), map[string]lua.LGFunction{
		"pack": pack, "unpack": unpack, "size": size,
	}))
}

const (
	integerMax   = 32 // bytes
	alignDefault = 8
	packedMax    = 512 << 20 // what pack may build, in bytes
)

// format reads a format string, up to a zero byte.
type format struct {
	L     *lua.LState
	text  string
	big   bool
	align int
}

func newFormat(L *lua.LState) format {
	return format{L: L, text: capi.CString(capi.String(L, 1)), align: 1}
}

// next takes the next letter and says how large its field is and how many bytes of padding go before it, with at bytes so far.
func (f *format) next(at int) (letter byte, size, padding int) {
	letter = f.text[0]
	f.text = f.text[1:]
	size = f.size(letter)
	if size == 0 || letter == 'c' {
		return letter, size, 0
	}
	unit := min(size, f.align)
	return letter, size, (unit - at&(unit-1)) & (unit - 1)
}

func (f *format) size(letter byte) int {
	switch letter {
	case 'b', 'B', 'x':
		return 1
	case 'h', 'H':
		return 2
	case 'f':
		return 4
	case 'l', 'L', 'T', 'd':
		return 8
	case 'c':
		return f.number(1)
	case 'i', 'I':
		n := f.number(4)
		if n > integerMax {
			capi.Errorf(f.L, "integral size %d is larger than limit of %d", n, integerMax)
		}
		return n
	}
	return 0
}

// number takes a number, def if there is none.
func (f *format) number(def int) int {
	if f.text == "" || !isDigit(f.text[0]) {
		return def
	}
	n := 0
	for f.text != "" && isDigit(f.text[0]) {
		if n = n*10 + int(f.text[0]-'0'); n > math.MaxInt32 {
			capi.Errorf(f.L, "integral size overflow")
		}
		f.text = f.text[1:]
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// control obeys a letter that is not a field.
func (f *format) control(letter byte) {
	switch letter {
	case ' ':
	case '>':
		f.big = true
	case '<':
		f.big = false
	case '!':
		n := f.number(alignDefault)
		if n <= 0 || n&(n-1) != 0 {
			capi.Errorf(f.L, "alignment %d is not a power of 2", n)
		}
		f.align = n
	default:
		capi.ArgError(f.L, 1, fmt.Sprintf("invalid format option '%s'", string([]byte{letter})))
	}
}

// size returns how many bytes a format without strings of unknown length takes.
func size(L *lua.LState) int {
	f := newFormat(L)
	at := 0
	for f.text != "" {
		letter, n, padding := f.next(at)
		switch {
		case letter == 's':
			capi.ArgError(L, 1, "option 's' has no fixed size")
		case letter == 'c' && n == 0:
			capi.ArgError(L, 1, "option 'c0' has no fixed size")
		case !isDigit(letter) && (letter|0x20 < 'a' || letter|0x20 > 'z'):
			f.control(letter)
		}
		at += padding + n
	}
	L.Push(lua.LNumber(at))
	return 1
}
