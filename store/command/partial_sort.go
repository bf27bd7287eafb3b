package command

import (
	"math/bits"
	"slices"
)

// partialSort puts the first n elements of a in order; the others come behind them in any order. It
// is the quicksort of Bentley and McIlroy, step by step as Redis runs it, because where elements compare equal the steps decide
// which of them are among the first n.
func partialSort[T any](a []T, n int, compare func(x, y *T) int) {
	s := partialSorter[T]{compare: compare, wanted: n}
	s.sort(a, 0, 4*bits.Len(uint(len(a))))
}

type partialSorter[T any] struct {
	compare func(x, y *T) int
	wanted  int
}

// sort works on a, which begins at place from of the whole. Beyond depth partitions the input defeats quicksort.
func (s *partialSorter[T]) sort(a []T, from, depth int) {
	for ; from < s.wanted; depth-- {
		if len(a) < 7 {
			s.insertionSort(a)
			return
		}
		if depth == 0 {
			slices.SortStableFunc(a, func(x, y T) int { return s.compare(&x, &y) })
			return
		}
		less, more := s.partition(a)
		if less > 1 {
			s.sort(a[:less], from, depth-1)
		}
		if more <= 1 {
			return
		}
		from += len(a) - more
		a = a[len(a)-more:]
	}
}

func (s *partialSorter[T]) insertionSort(a []T) {
	for m := 1; m < len(a); m++ {
		for l := m; l > 0 && s.compare(&a[l-1], &a[l]) > 0; l-- {
			a[l], a[l-1] = a[l-1], a[l]
		}
	}
}

// pivot chooses the median of three, or of three such.
func (s *partialSorter[T]) pivot(a []T) int {
	n := len(a)
	lo, mid, hi := 0, n/2, n-1
	if n == 7 {
		return mid
	}
	if n > 40 {
		d := n / 8
		lo = s.median(a, lo, lo+d, lo+2*d)
		mid = s.median(a, mid-d, mid, mid+d)
		hi = s.median(a, hi-2*d, hi-d, hi)
	}
	return s.median(a, lo, mid, hi)
}

func (s *partialSorter[T]) median(a []T, x, y, z int) int {
	less := func(i, j int) bool { return s.compare(&a[i], &a[j]) < 0 }
	switch {
	case less(x, y) && less(y, z), !less(x, y) && less(z, y):
		return y
	case less(x, y) == less(x, z):
		return z
	}
	return x
}

// partition moves what is less than a pivot to the front and what is more to the end, and returns how many each are. Equal
// elements are gathered at both ends first.
func (s *partialSorter[T]) partition(a []T) (less, more int) {
	swap := func(i, j int) { a[i], a[j] = a[j], a[i] }
	swap(0, s.pivot(a))
	n := len(a)
	equalLo, lo, hi, equalHi := 1, 1, n-1, n-1
	for {
		for ; lo <= hi; lo++ {
			c := s.compare(&a[lo], &a[0])
			if c > 0 {
				break
			}
			if c == 0 {
				swap(equalLo, lo)
				equalLo++
			}
		}
		for ; lo <= hi; hi-- {
			c := s.compare(&a[hi], &a[0])
			if c < 0 {
				break
			}
			if c == 0 {
				swap(hi, equalHi)
				equalHi--
			}
		}
		if lo > hi {
			break
		}
		swap(lo, hi)
		lo++
		hi--
	}
	for i, k := 0, min(equalLo, lo-equalLo); i < k; i++ {
		swap(i, lo-k+i)
	}
	for i, k := 0, min(equalHi-hi, n-1-equalHi); i < k; i++ {
		swap(lo+i, n-k+i)
	}
	return lo - equalLo, equalHi - hi
}
