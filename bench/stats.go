package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// geomean is the mean of ratios.
func geomean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += math.Log(x)
	}
	return math.Exp(sum / float64(len(v)))
}

// ratio is a/b as "1.23x", or "-" where there is nothing to compare.
func ratio(a, b float64) string {
	if a <= 0 || b <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.2fx", a/b)
}

// atMost says whether a/b keeps within limit. No limit is no answer.
func atMost(a, b, limit float64) string {
	switch {
	case limit == 0 || a <= 0 || b <= 0:
		return ""
	case a/b <= limit:
		return fmt.Sprintf("<= %.2fx: yes", limit)
	}
	return fmt.Sprintf("<= %.2fx: NO", limit)
}

func millis(d time.Duration) string { return fmt.Sprintf("%.3f", ms(d)) }

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mib(n int64) string { return fmt.Sprintf("%.0f", float64(n)/(1<<20)) }

// count writes a round number of things briefly: 10M, 300k.
func count(n int) string {
	switch {
	case n >= 1e6 && n%1e5 == 0:
		return fmt.Sprintf("%gM", float64(n)/1e6)
	case n >= 1e3 && n%100 == 0:
		return fmt.Sprintf("%gk", float64(n)/1e3)
	}
	return fmt.Sprint(n)
}
