package arena

import (
	"math"
	"math/bits"
)

// Trim returns free memory to the system: all that exceeds a slack of 2 MB or
// a twentieth of what is used, and in any case runs of 64 MB and more. It stops
// after about maxBytes, so that the caller decides how long it may take (on
// Linux some 100 microseconds for a megabyte, a quarter of that with huge
// pages). It tells how many bytes went and whether there is more to do.
func (a *Arena) Trim(maxBytes int64) (released int64, more bool) {
	return a.trim(maxBytes, max(slackMin, a.used/slackDivisor)>>pageShift)
}

// Purge is Trim without the slack.
func (a *Arena) Purge(maxBytes int64) (released int64, more bool) { return a.trim(maxBytes, 0) }

// trim leaves slack pages.
func (a *Arena) trim(maxBytes, slack int64) (released int64, more bool) {
	a.dropIdle()
	h := &a.heap
	var cost int64
	for {
		id := largestRun(&h.runs[1])
		if id == 0 {
			return released, false
		}
		quota := int64(math.MaxUint32)
		if int64(a.spans[id].dirty) < hugeRun>>pageShift {
			quota = h.freeDirty - slack
		}
		if quota <= 0 {
			return released, false
		}
		if cost >= maxBytes {
			return released, true
		}
		n := a.releaseFrom(id, min(quota, (maxBytes-cost+pageSize-1)>>pageShift))
		released += n
		cost += max(n, callBytes)
	}
}

// dropIdle gives up the current spans that hold nothing.
func (a *Arena) dropIdle() {
	for i := range a.classes {
		c := &a.classes[i]
		if id := c.current; id != 0 && a.spans[id].used == 0 {
			c.current = 0
			a.dropSpan(c, id)
		}
	}
}

// largestRun returns a run from the last list in use, or 0.
func largestRun(set *runSet) uint32 {
	for w := len(set.filled) - 1; w >= 0; w-- {
		if word := set.filled[w]; word != 0 {
			return set.lists[w<<6+63-bits.LeadingZeros64(word)]
		}
	}
	return 0
}

// releaseFrom returns the first stretch of resident pages of a free run to the
// system, at most quota of them, and tells how many bytes that were. Where the
// system's pages are larger than ours, the ragged ends count as returned.
func (a *Arena) releaseFrom(id uint32, quota int64) int64 {
	s := &a.spans[id]
	from := a.scanDirty(s.page, s.page+s.pages, true)
	to := a.scanDirty(from, min(s.page+s.pages, from+uint32(min(quota, 1<<28))), false)
	a.unlinkRun(id)
	a.eachWord(from, to-from, func(w *uint64, mask uint64) { *w &^= mask })
	n := to - from
	s.dirty -= n
	a.heap.freeDirty -= int64(n)
	a.heap.resident -= int64(n)
	a.linkRun(id)
	a.data.release(int64(from)<<pageShift, int64(to)<<pageShift)
	return int64(n) << pageShift
}

// scanDirty returns the first page of [from, end) that is resident, or is not;
// end if there is none.
func (a *Arena) scanDirty(from, end uint32, resident bool) uint32 {
	var flip uint64
	if !resident {
		flip = ^uint64(0)
	}
	for from < end {
		word := (a.dirty[from>>6] ^ flip) >> (from & 63)
		if word != 0 {
			return min(end, from+uint32(bits.TrailingZeros64(word)))
		}
		from = from&^63 + 64
	}
	return end
}
