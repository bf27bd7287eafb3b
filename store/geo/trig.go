package geo

import "math"

// Distances are shown with four digits behind the point, so that thirteen digits
// have to be right: one bit wrong in a sine shows once in a few hundred thousand
// replies. The functions of package math are off by a bit now and then. These
// here carry a second word where it counts and err by at most 0.51 units in the
// last place, as the C library's do, so that both nearly always round alike.

// gridStep divides the quarter circle for the table of sines.
const (
	gridStep = 1.0 / 128
	gridSize = 203 // just over pi/2
)

// sines[k] is the sine and cosine of k*gridStep, as sums of two words.
var sines = func() (t [gridSize]struct{ sin, cos pair }) {
	// One step, by the power series: the first words are exact, the compiler
	// evaluates the rest.
	const x2 = gridStep * gridStep
	step := struct{ sin, cos pair }{
		pair{gridStep, gridStep * x2 * (-1.0/6 + x2*(1.0/120-x2*(1.0/5040-x2/362880)))},
		pair{1 - x2/2, x2 * x2 * (1.0/24 - x2*(1.0/720-x2*(1.0/40320-x2/3628800)))},
	}
	t[0].cos.hi = 1
	for k := 1; k < gridSize; k++ {
		s, c := t[k-1].sin, t[k-1].cos
		t[k].sin = s.times(step.cos).plus(c.times(step.sin))
		t[k].cos = c.times(step.cos).plus(s.times(step.sin).negative())
	}
	return t
}()

const (
	halfPi   = math.Pi / 2
	halfPiLo = 6.123233995736766e-17 // pi/2 less float64(pi/2)
)

// sin returns the sine of x. Beyond a half circle it falls back to package math.
func sin(x float64) float64 {
	switch {
	case x < 0:
		return -sin(-x)
	case x <= halfPi:
		return sinPair(x, 0).sum()
	case x <= math.Pi:
		return sinPair(2*halfPi-x, 2*halfPiLo).sum()
	}
	return math.Sin(x)
}

// cos returns the cosine of x. Beyond a half circle it falls back to package math.
func cos(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < gridStep/2: // 1 less a little
		return 1 - x*x*(0.5-x*x*(1.0/24-x*x/720))
	case x <= halfPi:
		return sinPair(subtract(halfPi, x, halfPiLo)).sum()
	case x <= math.Pi:
		return -sinPair(subtract(x, halfPi, -halfPiLo)).sum()
	}
	return math.Cos(x)
}

// subtract returns a-b+lo in two words, for a >= b >= 0.
func subtract(a, b, lo float64) (float64, float64) {
	d := a - b
	return d, ((a - d) - b) + lo // what d lost, exactly, and lo
}

// asin returns the inverse of sin, for x from 0 to 1: one step of Newton's method
// from what package math says.
func asin(x float64) float64 {
	y := math.Asin(x)
	c := cos(y)
	if y < 1e-8 || c < 1e-6 || math.IsNaN(y) {
		return y
	}
	s := sinPair(y, 0)
	return y + ((x-s.hi)-s.lo)/c
}

// sinPair returns the sine of x+lo, for x from 0 to pi/2 and a small lo, with more
// digits than one word has.
func sinPair(x, lo float64) pair {
	if x < 0.25 {
		x2 := x * x
		return pair{x, lo*(1-x2/2) - x*x2*(1.0/6-x2*(1.0/120-x2*(1.0/5040-x2*(1.0/362880-x2*(1.0/39916800-x2/6227020800)))))}
	}
	k := int(x/gridStep + 0.5)
	at := &sines[k]
	r := x - float64(k)*gridStep // exact
	r2 := r * r
	sinR := r - r*r2*(1.0/6-r2*(1.0/120-r2/5040)) + lo
	cosR1 := -r2 * (0.5 - r2*(1.0/24-r2/720)) // less 1
	return pair{at.sin.hi, at.sin.lo + (at.cos.hi*sinR + at.sin.hi*cosR1)}
}

// pair is a number in two words: hi has its first 53 bits, more or less.
type pair struct{ hi, lo float64 }

func (p pair) sum() float64   { return p.hi + p.lo }
func (p pair) negative() pair { return pair{-p.hi, -p.lo} }

func (p pair) plus(q pair) pair {
	s := p.hi + q.hi
	t := s - p.hi
	return pair{s, (p.hi - (s - t)) + (q.hi - t) + (p.lo + q.lo)}.normal()
}

func (p pair) times(q pair) pair {
	m := p.hi * q.hi
	return pair{m, math.FMA(p.hi, q.hi, -m) + (p.hi*q.lo + p.lo*q.hi)}.normal()
}

// normal moves what fits into hi there.
func (p pair) normal() pair {
	s := p.hi + p.lo
	return pair{s, p.lo - (s - p.hi)}
}
