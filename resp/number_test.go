package resp

import (
	"math"
	"math/rand"
	"strconv"
	"testing"
	"time"
)

// checkNumber holds the parsers against strconv and against each other.
func checkNumber(t *testing.T, b []byte) {
	t.Helper()
	s := string(b)
	n, ok := ParseInt(b)
	want, err := strconv.ParseInt(s, 10, 64)
	if canonical := err == nil && strconv.FormatInt(want, 10) == s; ok != canonical || ok && n != want {
		t.Fatalf("ParseInt(%q) = %v, %v, want %v, %v", s, n, ok, want, canonical)
	}
	f, okF := ParseFloat(b)
	if ok && (!okF || f != float64(n)) {
		t.Fatalf("ParseFloat(%q) = %v, %v for an integer", s, f, okF)
	}
	if okF && !math.IsInf(f, 0) {
		short, okS := shorten(b)
		if g, err := strconv.ParseFloat(string(short), 64); !okS || err != nil || g != f {
			t.Fatalf("%q is %v, shortened %q is %v, %v", s, f, short, g, err)
		}
	}
	x, okX := ParseLongDouble(b)
	if okF && !okX && len(b) < longDoubleBytesMax {
		t.Fatalf("ParseLongDouble refuses %q", s)
	}
	if okF && okX {
		// Two roundings may differ from one by a unit in the last place.
		if g, _ := x.v.Float64(); g != f && math.Nextafter(g, f) != f {
			t.Fatalf("%q is %v, as a long double %v", s, f, g)
		}
	}
	if okX {
		printed := x.Append(nil)
		if back, ok := ParseLongDouble(printed); !ok && !x.IsInf() {
			t.Fatalf("%q prints as %q, which does not read back", s, printed)
		} else if again := back.Append(nil); string(again) != string(printed) && x.v.MantExp(nil) < 5 {
			t.Fatalf("%q prints as %q, then as %q", s, printed, again)
		}
	}
	if okF {
		if g, err := strconv.ParseFloat(string(AppendDouble(nil, f)), 64); err != nil || g != f {
			t.Fatalf("%v prints as %s", f, AppendDouble(nil, f))
		}
	}
}

func TestNumbers(t *testing.T) {
	seed := time.Now().UnixNano()
	t.Logf("seed %d", seed)
	for _, s := range numberWords(rand.New(rand.NewSource(seed)), 5000) {
		checkNumber(t, []byte(s))
	}
}

func FuzzNumbers(f *testing.F) {
	for _, s := range numberWords(rand.New(rand.NewSource(1)), 150) {
		if len(s) < 200 {
			f.Add([]byte(s))
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkNumber(t, b) })
}

func TestAppendDouble(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		if got := AppendDouble(nil, v); string(got) != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	f(math.NaN(), "nan")
	f(math.Copysign(math.NaN(), -1), "-nan")
	f(math.Copysign(0, -1), "-0")
	f(999999999999999, "999999999999999")
	f(100000000000000000, "1e+17")
	f(0.1, "0.10000000000000001")
}

// TestFixedPathAgrees compares the fast way to print a LongDouble with the general.
func TestFixedPathAgrees(t *testing.T) {
	seed := time.Now().UnixNano()
	rng := rand.New(rand.NewSource(seed))
	taken := 0
	for range 100000 {
		x := LongDoubleOf(1)
		mant := rng.Uint64() >> rng.Intn(64)
		if rng.Intn(4) == 0 {
			mant |= 1 << 63
		}
		x.v.SetUint64(mant)
		x.v.SetMantExp(&x.v, rng.Intn(140)-130)
		if rng.Intn(2) == 0 {
			x.v.Neg(&x.v)
		}
		got, ok := x.appendFixed(nil)
		if !ok {
			continue
		}
		taken++
		if want := x.v.Append(nil, 'f', 17); string(got) != string(want) {
			t.Fatalf("seed %d: %s, want %s", seed, got, want)
		}
	}
	if taken < 50000 {
		t.Fatalf("the fast path was taken %d times only", taken)
	}
}

func TestNumbersDoNotAllocate(t *testing.T) {
	integer, float, buf := []byte("-9223372036854775808"), []byte("3.0e3"), make([]byte, 0, 64)
	args := [][]byte{integer, float}
	n := testing.AllocsPerRun(1000, func() {
		ParseInt(integer)
		v, _ := ParseFloat(float)
		buf = AppendDouble(buf[:0], v/7)
		buf = AppendCommand(buf[:0], args...)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParseInt(b *testing.B) {
	s := []byte("1234567890")
	for b.Loop() {
		ParseInt(s)
	}
}

func BenchmarkIncrByFloat(b *testing.B) {
	s, by := []byte("1234.5678"), []byte("0.25")
	buf := make([]byte, 0, 64)
	b.ReportAllocs()
	for b.Loop() {
		x, _ := ParseLongDouble(s)
		y, _ := ParseLongDouble(by)
		sum, _ := x.Add(&y)
		buf = sum.Append(buf[:0])
	}
}
