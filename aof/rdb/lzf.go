package rdb

import "errors"

// LZF, the compression of strings in RDB. A stream is a sequence of
//
//	000lllll               then l+1 literal bytes
//	lllooooo oooooooo      l in 1..6: copy l+2 bytes from o+1 bytes back
//	111ooooo llllllll oooooooo        copy l+9 bytes
//
// The compressor looks for the last place of the next three bytes in a hash
// table. It makes the same choices as the one in Redis, so that DUMP gives the
// same bytes; the hash, the limits and the two positions entered after a match
// are therefore not free to change.

const (
	lzfHashBits = 16
	lzfLiterals = 1 << 5
	lzfOffset   = 1 << 13
	lzfMatch    = 1<<8 + 1<<3
	lzfRatio    = 88 // three bytes yield at most 264
)

var errLZF = errors.New("rdb: corrupt LZF data")

// lzf is the table of a compressor. Places are entered with base added, which
// moves beyond all older entries with each input; so it need not be cleared.
type lzf struct {
	table [1 << lzfHashBits]uint32
	base  uint32
}

func lzfHash(in []byte, i int) int {
	v := uint32(in[i])<<16 | uint32(in[i+1])<<8 | uint32(in[i+2])
	return int((v>>(24-lzfHashBits) - v*5) & (1<<lzfHashBits - 1))
}

// compress appends in, compressed, to dst. It gives up and returns false when
// that takes more than limit bytes.
func (z *lzf) compress(dst, in []byte, limit int) ([]byte, bool) {
	if uint64(z.base)+uint64(len(in)) >= 1<<32 {
		*z = lzf{}
	}
	base := z.base
	z.base += uint32(len(in))
	end := len(dst) + limit
	run := len(dst) // place of the length byte of the open run of literals
	dst = append(dst, 0)
	i := 0
	for i < len(in)-2 {
		slot := &z.table[lzfHash(in, i)]
		ref := int(*slot) - int(base)
		*slot = base + uint32(i)
		if ref <= 0 || i-ref > lzfOffset || in[ref] != in[i] || in[ref+1] != in[i+1] || in[ref+2] != in[i+2] {
			if len(dst) >= end {
				return dst, false
			}
			dst, run = lzfLiteral(dst, run, in[i])
			i++
			continue
		}
		if lits := len(dst) - run - 1; lits > 0 {
			dst[run] = byte(lits - 1)
		} else {
			dst = dst[:run]
		}
		if len(dst)+4 >= end {
			return dst, false
		}
		n := lzfMatchLen(in, ref, i)
		dst = lzfCopy(dst, n-2, i-ref-1)
		run = len(dst)
		dst = append(dst, 0)
		i += n
		if i >= len(in)-2 {
			break
		}
		z.table[lzfHash(in, i-2)] = base + uint32(i-2)
		z.table[lzfHash(in, i-1)] = base + uint32(i-1)
	}
	if len(dst)+3 > end {
		return dst, false
	}
	for ; i < len(in); i++ {
		dst, run = lzfLiteral(dst, run, in[i])
	}
	if lits := len(dst) - run - 1; lits > 0 {
		dst[run] = byte(lits - 1)
		return dst, true
	}
	return dst[:run], true
}

// lzfLiteral adds a literal to the open run, and opens another when it is full.
func lzfLiteral(dst []byte, run int, b byte) ([]byte, int) {
	dst = append(dst, b)
	if len(dst)-run-1 == lzfLiterals {
		dst[run] = lzfLiterals - 1
		run = len(dst)
		dst = append(dst, 0)
	}
	return dst, run
}

// lzfMatchLen returns how long the match of ref with i is; three bytes are known
// to agree. It stops two bytes before the end, except within the first 18.
func lzfMatchLen(in []byte, ref, i int) int {
	n := 2
	limit := min(len(in)-i-2, lzfMatch)
	if limit > 16 {
		for n < 18 {
			n++
			if in[ref+n] != in[i+n] {
				return n
			}
		}
	}
	for n++; n < limit && in[ref+n] == in[i+n]; n++ {
	}
	return n
}

// lzfCopy appends the order to copy n+2 bytes.
func lzfCopy(dst []byte, n, offset int) []byte {
	if n < 7 {
		return append(dst, byte(offset>>8|n<<5), byte(offset))
	}
	return append(dst, byte(offset>>8|7<<5), byte(n-7), byte(offset))
}

// lzfExpand appends the size bytes that in stands for to dst, which must have
// room for them; anything but exactly size bytes is an error.
func lzfExpand(dst, in []byte, size int) ([]byte, error) {
	start := len(dst)
	end := start + size
	for len(in) > 0 {
		c := int(in[0])
		in = in[1:]
		if c < lzfLiterals {
			if c >= len(in) || len(dst)+c+1 > end {
				return dst, errLZF
			}
			dst = append(dst, in[:c+1]...)
			in = in[c+1:]
			continue
		}
		n := c >> 5
		if n == 7 {
			if len(in) == 0 {
				return dst, errLZF
			}
			n += int(in[0])
			in = in[1:]
		}
		if len(in) == 0 {
			return dst, errLZF
		}
		from := len(dst) - (c&31<<8 | int(in[0])) - 1
		in = in[1:]
		n += 2
		if from < start || len(dst)+n > end {
			return dst, errLZF
		}
		for n > 0 { // the source may overlap what is being written
			k := min(n, len(dst)-from)
			dst = append(dst, dst[from:from+k]...)
			n -= k
		}
	}
	if len(dst) != end {
		return dst, errLZF
	}
	return dst, nil
}
