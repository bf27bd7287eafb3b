package geo

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// bigSin is the power series in 200 bits.
func bigSin(x *big.Float) *big.Float {
	number := func(f float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(f) }
	sum, term, x2 := number(0), number(1), number(0)
	term.Mul(term, x)
	x2.Mul(x, x)
	for n := 1.0; n < 60; n += 2 {
		sum.Add(sum, term)
		term.Mul(term, x2)
		term.Quo(term, number(-(n+1)*(n+2)))
	}
	return sum
}

// off returns how far got is from want, in units of the last place.
func off(got float64, want *big.Float) float64 {
	d := new(big.Float).SetPrec(200).SetFloat64(got)
	d.Sub(d, want)
	f, _ := d.Float64()
	w, _ := want.Float64()
	w = math.Abs(w)
	return math.Abs(f) / (math.Nextafter(w, math.Inf(1)) - w)
}

func TestTrig(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	pi, _ := new(big.Float).SetPrec(200).SetString("3.14159265358979323846264338327950288419716939937510582097494459")
	half := new(big.Float).SetPrec(200).Quo(pi, new(big.Float).SetFloat64(2))
	worst := map[string]float64{}
	note := func(what string, x, ulps float64) {
		if worst[what] = max(worst[what], ulps); ulps > 0.51 {
			t.Errorf("%s(%v) is off by %.3f", what, x, ulps)
		}
	}
	for range 20000 {
		x := rng.Float64() * math.Pi
		if rng.IntN(3) == 0 {
			x = math.Exp(-rng.Float64() * 20)
		}
		bx := new(big.Float).SetPrec(200).SetFloat64(x)
		note("sin", x, off(sin(x), bigSin(bx)))
		note("cos", x, off(cos(x), bigSin(new(big.Float).SetPrec(200).Sub(half, bx))))
		if sin(-x) != -sin(x) || cos(-x) != cos(x) {
			t.Errorf("not symmetric at %v", x)
		}
		// The inverse: the sine of the right answer y+e is x, so e is about (x-sin y)/cos y.
		s := rng.Float64()
		if rng.IntN(2) == 0 {
			s = math.Exp(-rng.Float64() * 15)
		}
		y := asin(s)
		by := new(big.Float).SetPrec(200).SetFloat64(y)
		e := new(big.Float).SetPrec(200).SetFloat64(s)
		e.Sub(e, bigSin(by))
		e.Quo(e, bigSin(new(big.Float).SetPrec(200).Sub(half, by)))
		note("asin", s, off(y, by.Add(by, e)))
	}
	t.Logf("worst, in units of the last place: %v", worst)
	for _, x := range []float64{0, 1} {
		if asin(x) != math.Asin(x) || sin(x) != math.Sin(x) || cos(x) != math.Cos(x) {
			t.Errorf("wrong at %v", x)
		}
	}
	if !math.IsNaN(asin(1.0000001)) {
		t.Error("asin beyond 1")
	}
}

func BenchmarkDistance(b *testing.B) {
	p, q := Point{2, 48}, Point{-70, -33}
	for b.Loop() {
		q.Lat += 1e-6
		Distance(p, q)
	}
}
