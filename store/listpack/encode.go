package listpack

import "encoding/binary"

// encoded is an element ready to be written: the bytes before its data, and the
// data, which is borrowed. Integers are all head.
type encoded struct {
	head  [9]byte
	headN int
	data  []byte
}

// size is the size of the whole element, back length included.
func (e *encoded) size() int {
	n := e.headN + len(e.data)
	return n + backLenSize(n)
}

// put writes the element at the start of b, which has size bytes for it.
func (e *encoded) put(b []byte) {
	b[0] = e.head[0]
	n := 1
	if e.headN > 1 {
		n = copy(b, e.head[:e.headN])
	}
	n += copy(b[n:], e.data)
	putBackLen(b[n:], n)
}

// encode returns b as it is stored: as an integer if it reads as one.
func encode(b []byte) encoded {
	if n, ok := ParseInt(b); ok {
		return encodeInt(n)
	}
	e := encoded{data: b}
	switch n := len(b); {
	case n < 64:
		e.head[0] = 0x80 | byte(n)
		e.headN = 1
	case n < 4096:
		e.head[0] = head12Str | byte(n>>8)
		e.head[1] = byte(n)
		e.headN = 2
	default:
		e.head[0] = head32Str
		binary.LittleEndian.PutUint32(e.head[1:], uint32(n))
		e.headN = 5
	}
	return e
}

func encodeInt(n int64) (e encoded) {
	switch {
	case n >= 0 && n < 128:
		e.head[0] = byte(n)
		e.headN = 1
	case n >= -1<<12 && n < 1<<12:
		e.head[0] = headInt13 | byte(n>>8)&31
		e.head[1] = byte(n)
		e.headN = 2
	default:
		e.headN = intHeadSize(n)
		e.head[0] = headInt16 + byte(min(e.headN-3, 3))
		binary.LittleEndian.PutUint64(e.head[1:], uint64(n))
	}
	return e
}

// intHeadSize is the size of integer n without its back length.
func intHeadSize(n int64) int {
	switch {
	case n >= 0 && n < 128:
		return 1
	case n >= -1<<12 && n < 1<<12:
		return 2
	case n >= -1<<15 && n < 1<<15:
		return 3
	case n >= -1<<23 && n < 1<<23:
		return 4
	case n >= -1<<31 && n < 1<<31:
		return 5
	}
	return 9
}

// EncodedSize returns how many bytes element b takes, back length included.
func EncodedSize(b []byte) int {
	if n, ok := ParseInt(b); ok {
		return EncodedIntSize(n)
	}
	n := len(b)
	switch {
	case n < 64:
		return 1 + n + 1
	case n < 4096:
		n += 2
	default:
		n += 5
	}
	return n + backLenSize(n)
}

// EncodedIntSize returns how many bytes integer n takes, back length included.
func EncodedIntSize(n int64) int { return intHeadSize(n) + 1 }

// EncodedSizes is the sum of EncodedSize over elems.
func EncodedSizes(elems [][]byte) int {
	n := 0
	for _, b := range elems {
		n += EncodedSize(b)
	}
	return n
}

// ParseInt reads b as an int64 written the one canonical way: no plus sign, no
// leading zeros, no "-0", no spaces.
func ParseInt(b []byte) (n int64, ok bool) {
	// Most strings end here: 20 bytes hold the longest, "-9223372036854775808".
	if len(b) == 0 || len(b) > 20 || b[len(b)-1]-'0' > 9 {
		return 0, false
	}
	return parseDigits(b)
}

func parseDigits(b []byte) (n int64, ok bool) {
	negative := b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 19 || b[0] == '0' && (negative || len(b) > 1) {
		return 0, false
	}
	var u uint64 // 19 digits fit
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		} else {
			u = u*10 + uint64(c)
		}
	}
	switch {
	case !negative:
		return int64(u), u <= 1<<63-1
	default:
		return -int64(u), u <= 1<<63
	}
}

// backLenSize returns how many bytes the back length of an n-byte element takes.
// The limits are one below what seven bits a byte could hold; that is the format.
func backLenSize(n int) int {
	switch {
	case n <= 127:
		return 1
	case n < 1<<14-1:
		return 2
	case n < 1<<21-1:
		return 3
	case n < 1<<28-1:
		return 4
	}
	return 5
}

// putBackLen writes n at the start of b, to be read from the right: seven bits a
// byte, the lowest last, with the top bit set where more follow to the left.
func putBackLen(b []byte, n int) {
	for i := backLenSize(n) - 1; i > 0; i-- {
		b[i] = byte(n)&127 | 128
		n >>= 7
	}
	b[0] = byte(n)
}

// backLen reads the back length that ends before off.
func backLen(lp []byte, off int) int {
	b := lp[off-1]
	if b < 128 {
		return int(b)
	}
	return longBackLen(lp, off)
}

func longBackLen(lp []byte, off int) int {
	n := 0
	for shift := 0; shift <= 28; shift += 7 {
		off--
		n |= int(lp[off]&127) << shift
		if lp[off] < 128 {
			return n
		}
	}
	panic("listpack: corrupt back length")
}
