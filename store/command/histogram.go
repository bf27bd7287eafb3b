package command

import "math/bits"

// histogram counts durations by size, to about one percent: up to 255 ns each value has a bucket, above that every power of two is
// divided into 128. It takes some 25 KB once something is counted, and nothing before.
//
// Cheap commands in a row are timed together (see timer); each of them is counted with their mean.
type histogram struct {
	counts []int64
	total  int64
}

const (
	histogramExact  = 256
	histogramShare  = 128
	histogramNanos  = 1e9 // longer durations count as this
	histogramLength = histogramExact + (30-8)*histogramShare
)

// bucketOf returns the bucket of a duration in nanoseconds.
func bucketOf(nanos int64) int {
	n := uint64(min(max(nanos, 1), histogramNanos))
	if n < histogramExact {
		return int(n)
	}
	shift := bits.Len64(n) - 8
	return histogramExact + (shift-1)*histogramShare + int(n>>shift) - histogramShare
}

// highestIn returns the longest duration that belongs to a bucket.
func highestIn(bucket int) int64 {
	if bucket < histogramExact {
		return int64(bucket)
	}
	b := bucket - histogramExact
	shift := b/histogramShare + 1
	return int64(b%histogramShare+histogramShare+1)<<shift - 1
}

func (h *histogram) add(nanos, times int64) {
	if h.counts == nil {
		h.counts = make([]int64, histogramLength)
	}
	h.counts[bucketOf(nanos)] += times
	h.total += times
}

// percentile returns the duration that p percent of the calls did not exceed.
func (h *histogram) percentile(p float64) int64 {
	want := max(int64(p/100*float64(h.total)+0.5), 1)
	seen := int64(0)
	for i, n := range h.counts {
		if seen += n; seen >= want {
			return highestIn(i)
		}
	}
	return 0
}

// cumulative calls f for limits of a microsecond and doubling from there, with the number of calls that took no longer; limits that
// no further call fell under are left out.
func (h *histogram) cumulative(f func(micros, calls int64)) {
	seen, i := int64(0), 0
	for limit := int64(1024); seen < h.total; limit *= 2 {
		before := seen
		end := bucketOf(limit)
		for ; i <= end; i++ {
			seen += h.counts[i]
		}
		if seen > before {
			f(highestIn(end)/1000, seen)
		}
	}
}
