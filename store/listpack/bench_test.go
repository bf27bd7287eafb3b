package listpack

import (
	"fmt"
	"testing"
)

// pairs returns a hash of n pairs, as HSET would build it.
func pairs(n int) []byte {
	lp := New(nil)
	for i := range n {
		lp = Append(lp, fmt.Appendf(nil, "field:%010d", i))
		lp = Append(lp, fmt.Appendf(nil, "value:%d", i))
	}
	return lp
}

func BenchmarkFindLastOf(b *testing.B) {
	for _, n := range []int{10, 64, 128, 512} {
		lp := pairs(n)
		last := fmt.Appendf(nil, "field:%010d", n-1)
		b.Run(fmt.Sprintf("%d_pairs", n), func(b *testing.B) {
			for b.Loop() {
				if Find(lp, HeaderSize, last, 1) == None {
					b.Fatal("not found")
				}
			}
		})
	}
	b.Run("128_members", func(b *testing.B) {
		lp := pairs(64)
		for b.Loop() {
			Find(lp, HeaderSize, []byte("missing"), 0)
		}
	})
	b.Run("128_integers", func(b *testing.B) {
		lp := New(nil)
		for i := range 128 {
			lp = AppendInt(lp, int64(i*1000))
		}
		for b.Loop() {
			Find(lp, HeaderSize, []byte("127000"), 0)
		}
	})
}

func BenchmarkIterate128(b *testing.B) {
	lp := pairs(64)
	sum := 0
	for b.Loop() {
		for off := First(lp); off != None; off = Next(lp, off) {
			str, n, _ := Get(lp, off)
			sum += len(str) + int(n)
		}
	}
}

func BenchmarkAppendPop(b *testing.B) {
	lp := pairs(64)
	elem := []byte("element:1")
	for b.Loop() {
		lp = Append(lp, elem)
		lp, _ = Delete(lp, Last(lp), 1)
	}
}

func BenchmarkPrependPop(b *testing.B) {
	lp := pairs(64)
	elem := []byte("element:1")
	for b.Loop() {
		lp = Prepend(lp, elem)
		lp, _ = Delete(lp, HeaderSize, 1)
	}
}

func BenchmarkReplaceInt(b *testing.B) {
	lp := pairs(64)
	off := Next(lp, HeaderSize)
	n := int64(1000)
	for b.Loop() {
		n = 1000 + n%1000
		lp = ReplaceInt(lp, off, n)
	}
}

func BenchmarkValidate128(b *testing.B) {
	lp := pairs(64)
	for b.Loop() {
		if !Validate(lp, true) {
			b.Fatal("invalid")
		}
	}
}
