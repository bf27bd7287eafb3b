package zset

import (
	"math"

	"spindle/store/arena"
)

const (
	leafFan   = 62 // elements of a leaf, which then takes 1 KB
	innerFan  = 63 // children of an inner node, which then takes 2 KB
	heightMax = 16

	// A node that falls below a quarter is merged with a neighbour, if both together take at most three quarters.
	leafMin, leafJoin   = leafFan / 4, leafFan * 3 / 4
	innerMin, innerJoin = innerFan / 4, innerFan * 3 / 4
)

// leaf holds elements in order. Leaves are linked.
type leaf struct {
	n          int
	prev, next arena.Ref
	scores     [leafFan]float64
	refs       [leafFan]arena.Ref
}

// inner holds, for each child, the first element below it and how many there are.
type inner struct {
	n      int
	scores [innerFan]float64
	firsts [innerFan]arena.Ref
	kids   [innerFan]arena.Ref
	counts [innerFan]int
}

// summary is what an inner node knows of a child.
type summary struct {
	score float64
	first arena.Ref
	kid   arena.Ref
	count int
}

func (l *leaf) summary(r arena.Ref) summary { return summary{l.scores[0], l.refs[0], r, l.n} }

func (in *inner) summary(r arena.Ref) summary {
	s := summary{in.scores[0], in.firsts[0], r, 0}
	for _, c := range in.counts[:in.n] {
		s.count += c
	}
	return s
}

func (l *leaf) insert(i int, score float64, ref arena.Ref) {
	copy(l.scores[i+1:l.n+1], l.scores[i:l.n])
	copy(l.refs[i+1:l.n+1], l.refs[i:l.n])
	l.scores[i], l.refs[i] = score, ref
	l.n++
}

func (l *leaf) remove(i, n int) {
	copy(l.scores[i:], l.scores[i+n:l.n])
	copy(l.refs[i:], l.refs[i+n:l.n])
	l.n -= n
}

// take moves the elements of from, from place i on, to l's end.
func (l *leaf) take(from *leaf, i int) {
	copy(l.scores[l.n:], from.scores[i:from.n])
	copy(l.refs[l.n:], from.refs[i:from.n])
	l.n += from.n - i
	from.n = i
}

func (in *inner) set(i int, s summary) {
	in.scores[i], in.firsts[i], in.kids[i], in.counts[i] = s.score, s.first, s.kid, s.count
}

func (in *inner) insert(i int, s summary) {
	copy(in.scores[i+1:in.n+1], in.scores[i:in.n])
	copy(in.firsts[i+1:in.n+1], in.firsts[i:in.n])
	copy(in.kids[i+1:in.n+1], in.kids[i:in.n])
	copy(in.counts[i+1:in.n+1], in.counts[i:in.n])
	in.n++
	in.set(i, s)
}

func (in *inner) remove(i int) {
	copy(in.scores[i:], in.scores[i+1:in.n])
	copy(in.firsts[i:], in.firsts[i+1:in.n])
	copy(in.kids[i:], in.kids[i+1:in.n])
	copy(in.counts[i:], in.counts[i+1:in.n])
	in.n--
}

// take moves the children of from, from place i on, to in's end.
func (in *inner) take(from *inner, i int) {
	copy(in.scores[in.n:], from.scores[i:from.n])
	copy(in.firsts[in.n:], from.firsts[i:from.n])
	copy(in.kids[in.n:], from.kids[i:from.n])
	copy(in.counts[in.n:], from.counts[i:from.n])
	in.n += from.n - i
	from.n = i
}

// lowerBound returns the first place whose score is at least s.
func lowerBound(scores []float64, s float64) int {
	lo, n := 0, len(scores)
	for n > 0 {
		half := n / 2
		if scores[lo+half] < s {
			lo += half + 1
			n -= half + 1
		} else {
			n = half
		}
	}
	return lo
}

// upperBound returns the first place whose score is above s.
func upperBound(scores []float64, s float64) int {
	if s == math.Inf(1) {
		return len(scores)
	}
	return lowerBound(scores, math.Nextafter(s, math.Inf(1)))
}
