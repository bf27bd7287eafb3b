package hll

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
)

// Decode appends the codes of a sparse value to dst, as PFDEBUG DECODE shows them:
// "z:5 v:1,2 Z:16377". A code that is cut off is left out.
func Decode(dst, b []byte) []byte {
	for p := headerSize; p < len(b); {
		o := opAt(b, p)
		if p > headerSize && o.span > 0 {
			dst = append(dst, ' ')
		}
		switch {
		case o.value != 0:
			dst = fmt.Appendf(dst, "v:%d,%d", o.value, o.span)
		case o.extended && o.span > 0:
			dst = fmt.Appendf(dst, "Z:%d", o.span)
		case o.span > 0:
			dst = fmt.Appendf(dst, "z:%d", o.span)
		}
		p += o.size
	}
	return dst
}

// SelfTest is PFSELFTEST: it checks the dense registers, and that estimates of up
// to most elements are as good as promised and the same in both encodings. Redis
// goes to 10,000,000, which takes about a second.
func SelfTest(rng *rand.Rand, sparseMax, most int) error {
	if err := testRegisters(rng); err != nil {
		return err
	}
	return testEstimates(rng.Uint64(), sparseMax, most)
}

func testRegisters(rng *rand.Rand) error {
	b, err := ToDense(New(nil))
	if err != nil {
		return err
	}
	var want, got Registers
	for range 1000 {
		for range 100 {
			i, v := rng.IntN(RegisterCount), byte(rng.IntN(registerMax+1))
			denseSet(b, i, v)
			want[i] = max(want[i], v)
		}
		got.Reset()
		got.Merge(b)
		if got == want {
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				return fmt.Errorf("TESTFAILED Register %d should be %d but is %d", i, want[i], got[i])
			}
		}
	}
	return nil
}

func testEstimates(seed uint64, sparseMax, most int) error {
	dense, err := ToDense(New(nil))
	if err != nil {
		return err
	}
	b := New(nil)
	checkpoint := 1
	for j := 1; j <= most; j++ {
		var elem [8]byte
		binary.LittleEndian.PutUint64(elem[:], uint64(j)^seed)
		index, run := position(elem[:])
		denseSet(dense, index, run)
		if b, _, err = Add(b, elem[:], sparseMax); err != nil {
			return err
		}
		if j != checkpoint {
			continue
		}
		if err := testCheckpoint(dense, b, j, sparseMax); err != nil {
			return err
		}
		checkpoint *= 10
	}
	return nil
}

// testCheckpoint looks at two values that have seen the same n elements.
func testCheckpoint(dense, b []byte, n, sparseMax int) error {
	if n < sparseMax/2 && IsDense(b) {
		return fmt.Errorf("TESTFAILED sparse encoding not used")
	}
	count, _ := Count(dense)
	if other, err := Count(b); err != nil || other != count {
		return fmt.Errorf("TESTFAILED dense/sparse disagree")
	}
	limit := math.Ceil(1.04 / math.Sqrt(RegisterCount) * 6 * float64(n))
	if n == 10 {
		limit = 1 // collisions among so few are likelier than the formula says
	}
	if off := math.Abs(float64(n) - float64(count)); off > limit {
		return fmt.Errorf("TESTFAILED Too big error. card:%d abserr:%d", n, int64(off))
	}
	if IsDense(b) && !bytes.Equal(b[headerSize:], dense[headerSize:]) {
		return fmt.Errorf("TESTFAILED dense registers differ")
	}
	return nil
}
