package command

import (
	"bytes"

	"spindle/store"
)

// sortPattern is a BY or GET pattern: "#" is the element, "a*b" the string key in whose name the element stands for the star,
// "a*b->f" field f of such a hash.
type sortPattern struct {
	self           bool
	star           bool
	prefix, suffix []byte
	field          []byte // nil: a string key
}

func parseSortPattern(b []byte) sortPattern {
	if len(b) == 1 && b[0] == '#' {
		return sortPattern{self: true}
	}
	prefix, suffix, star := bytes.Cut(b, []byte{'*'})
	p := sortPattern{star: star, prefix: prefix, suffix: suffix}
	if key, field, ok := bytes.Cut(suffix, []byte("->")); ok && len(field) > 0 {
		p.suffix, p.field = key, field
	}
	return p
}

// appendValue appends what the pattern names for an element, and reports whether that exists.
func (s *sorter) appendValue(dst []byte, p *sortPattern, elem []byte) ([]byte, bool) {
	if p.self {
		return append(dst, elem...), true
	}
	if !p.star {
		return dst, false
	}
	s.key = append(append(append(s.key[:0], p.prefix...), elem...), p.suffix...)
	k := s.c.DB.Find(s.key)
	switch {
	case !k.Exists():
		return dst, false
	case p.field == nil && k.Type() == store.String:
		return appendString(dst, &k), true
	case p.field == nil || k.Type() != store.Hash:
		return dst, false
	}
	s.c.settleFields(&k, s.key)
	var digits [20]byte
	value, ok := fieldValue(&k, p.field, digits[:])
	return append(dst, value...), ok
}

// sortKeys finds the keys of SORT: the one to sort and that of the last STORE.
func sortKeys(keys []KeyAt, args [][]byte) ([]KeyAt, bool) {
	keys = append(keys, KeyAt{1, RO | Access})
	stored := 0
	for i := 2; i < len(args); i++ {
		switch {
		case isToken(args[i], "LIMIT"):
			i += 2
		case isToken(args[i], "GET"), isToken(args[i], "BY"):
			i++
		case isToken(args[i], "STORE") && i+1 < len(args):
			stored = i + 1
		}
	}
	if stored > 0 {
		keys = append(keys, KeyAt{stored, OW | Update})
	}
	return keys, true
}

func sortRoKeys(keys []KeyAt, args [][]byte) ([]KeyAt, bool) {
	return append(keys, KeyAt{1, RO | Access}), true
}
