package index

import (
	"encoding/binary"
	"math/bits"
)

// Hash returns a 64-bit hash of b under seed. It is the wyhash construction
// (Wang Yi, public domain, final version 4 secrets): 128-bit multiplications
// folded by xor. It is written here, and not taken from hash/maphash, because
// the seed has to be given: the same seed must give the same order of keys.
func Hash(seed uint64, b []byte) uint64 {
	const (
		s0 = 0x2d358dccaa6c78a5
		s1 = 0x8bb84b93962eacc9
		s2 = 0x4b33a62ed433d4a3
		s3 = 0x4d5a2da51de1aa47
	)
	n := len(b)
	seed ^= mix(seed^s0, s1)
	var x, y uint64
	switch {
	case n == 0:
	case n < 4:
		x = uint64(b[0])<<16 | uint64(b[n>>1])<<8 | uint64(b[n-1])
	case n <= 16:
		// Two possibly overlapping reads from each end cover every byte.
		m := (n >> 3) << 2
		x = uint64(le32(b))<<32 | uint64(le32(b[m:]))
		y = uint64(le32(b[n-4:]))<<32 | uint64(le32(b[n-4-m:]))
	default:
		p := b
		if len(p) > 48 {
			a, c := seed, seed
			for len(p) > 48 {
				seed = mix(le64(p)^s1, le64(p[8:])^seed)
				a = mix(le64(p[16:])^s2, le64(p[24:])^a)
				c = mix(le64(p[32:])^s3, le64(p[40:])^c)
				p = p[48:]
			}
			seed ^= a ^ c
		}
		for len(p) > 16 {
			seed = mix(le64(p)^s1, le64(p[8:])^seed)
			p = p[16:]
		}
		x, y = le64(b[n-16:]), le64(b[n-8:])
	}
	hi, lo := bits.Mul64(x^s1, y^seed)
	return mix(lo^s0^uint64(n), hi^s1)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
