package command

import (
	"cmp"
	"math"
	"slices"
)

// sortKey stands for an element while sorting: keys that differ are in the order of their elements, which are then not looked
// at.
type sortKey struct {
	key uint64
	pos int // which element, as they came
}

// floatKey maps numbers to keys in their order.
func floatKey(f float64) uint64 {
	b := math.Float64bits(f + 0) // there is one zero
	if b>>63 != 0 {
		return ^b
	}
	return b | 1<<63
}

// sortByKey sorts byte by byte, from the last to the first, which does not compare. Most keys differ in few bytes. Equal keys stay in order
// of pos, if they are at first. It returns a, or as many keys elsewhere.
func sortByKey(a []sortKey) []sortKey {
	if len(a) < 64 {
		slices.SortFunc(a, func(x, y sortKey) int { return cmp.Or(cmp.Compare(x.key, y.key), cmp.Compare(x.pos, y.pos)) })
		return a
	}
	differ := uint64(0)
	for i := range a {
		differ |= a[i].key ^ a[0].key
	}
	b := make([]sortKey, len(a))
	for shift := 0; shift < 64; shift += 8 {
		if differ>>shift&0xff == 0 {
			continue
		}
		var place [256]int
		for i := range a {
			place[a[i].key>>shift&0xff]++
		}
		sum := 0
		for i, n := range place {
			place[i], sum = sum, sum+n
		}
		for i := range a {
			p := &place[a[i].key>>shift&0xff]
			b[*p] = a[i]
			*p++
		}
		a, b = b, a
	}
	return a
}

// arrange puts the elements of a into the order of keys, without another slice. It uses the keys up.
func arrange[T any](a []T, keys []sortKey) {
	for i := range keys {
		at := i
		for keys[at].pos != i { // an element that is not in its place begins a cycle of such
			from := keys[at].pos
			a[at], a[from] = a[from], a[at]
			keys[at].pos, at = at, from
		}
		keys[at].pos = at
	}
}
