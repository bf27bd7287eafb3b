package command

import (
	"slices"
	"strings"
)

// KeySpec tells where a command's keys are, in the terms of COMMAND INFO: where to begin (an index, a
// keyword) and how to go on from there (a range, a count).
type KeySpec struct {
	Flags KeyFlags
	Notes string

	begin              beginSearch
	index              int    // beginIndex
	keyword            string // beginKeyword
	from               int    // beginKeyword: where the search starts; negative: from the end, backwards
	find               findKeys
	last, step, limit  int // findRange
	numAt, first, nstp int // findCounted
}

type beginSearch uint8
type findKeys uint8

const (
	beginUnknown beginSearch = iota
	beginIndex
	beginKeyword

	findUnknown findKeys = iota - 3
	findRange
	findCounted
)

// KeyFlags tell what a command does to a key.
type KeyFlags uint16

const (
	RO KeyFlags = 1 << iota
	RW
	OW
	RM
	Access
	Update
	Insert
	KeyDelete
	NotKey
	Incomplete
	VariableFlags
)

var keyFlagNames = []string{"RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete", "variable_flags"}

func atIndex(i int) KeySpec { return KeySpec{begin: beginIndex, index: i} }
func atKeyword(word string, from int) KeySpec {
	return KeySpec{begin: beginKeyword, keyword: word, from: from}
}
func atUnknown() KeySpec { return KeySpec{} }

// oneKey is the spec of a single key at a fixed place.
func oneKey(i int, f KeyFlags) KeySpec { return atIndex(i).keys(0, 1, 0).is(f) }

// keys: from the beginning to last (relative to it; negative: to the end of the arguments), every step-th; with last -1, limit cuts
// the rest to 1/limit.
func (s KeySpec) keys(last, step, limit int) KeySpec {
	s.find, s.last, s.step, s.limit = findRange, last, step, limit
	return s
}

// counted: the argument numAt places after the beginning holds their number, they start at first.
func (s KeySpec) counted(numAt, first, step int) KeySpec {
	s.find, s.numAt, s.first, s.nstp = findCounted, numAt, first, step
	return s
}
func (s KeySpec) unknown() KeySpec         { s.find = findUnknown; return s }
func (s KeySpec) is(f KeyFlags) KeySpec    { s.Flags = f; return s }
func (s KeySpec) note(text string) KeySpec { s.Notes = text; return s }

// KeyAt is the position of a key among the arguments.
type KeyAt struct {
	Pos   int
	Flags KeyFlags
}

// KeysOf returns the positions of the keys in args, which must be two at least. ok is false when the arguments
// contradict the specs (a key count that is no number or too large).
func (c *Command) KeysOf(args [][]byte) (keys []KeyAt, ok bool) { return c.appendKeys(nil, args) }

// hasKeys reports whether arguments of the command can be keys.
func (c *Command) hasKeys() bool {
	return slices.ContainsFunc(c.Keys, func(k KeySpec) bool { return k.Flags&NotKey == 0 })
}

// appendKeys is KeysOf, appending to an empty slice.
func (c *Command) appendKeys(keys []KeyAt, args [][]byte) (_ []KeyAt, ok bool) {
	if c.FindKeys != nil {
		return c.FindKeys(keys, args)
	}
	for i := range c.Keys {
		keys, ok = c.Keys[i].appendKeys(keys, args)
		if !ok {
			return keys[:0], false
		}
	}
	return keys, true
}

// start returns where the search begins, 0 if the keyword is missing.
func (s *KeySpec) start(args [][]byte) int {
	switch s.begin {
	case beginIndex:
		return s.index
	case beginKeyword:
		i, end, step := s.from, len(args)-1, 1
		if s.from < 0 {
			i, end, step = len(args)+s.from, 0, -1
		}
		for ; i != end && i > 0 && i < len(args); i += step {
			if strings.EqualFold(string(args[i]), s.keyword) {
				return i + 1
			}
		}
	}
	return 0
}

func (s *KeySpec) appendKeys(keys []KeyAt, args [][]byte) ([]KeyAt, bool) {
	first := s.start(args)
	if first == 0 {
		return keys, true
	}
	var last, step int
	switch s.find {
	case findRange:
		step = s.step
		switch {
		case s.last >= 0:
			last = first + s.last
		case s.limit == 0:
			last = len(args) + s.last
		default:
			last = first + (len(args)-first)/s.limit + s.last
		}
	case findCounted:
		step = s.nstp
		at := first + s.numAt
		if at >= len(args) {
			return keys, false
		}
		n, ok := parseInt(args[at])
		if !ok || n < 0 || n > int64(len(args)) {
			return keys, false
		}
		first += s.first
		last = first + (int(n)-1)*step
	default:
		return keys, true
	}
	if last >= len(args) || last < first && s.find == findRange {
		return keys, false
	}
	for i := first; i <= last; i += step {
		keys = append(keys, KeyAt{i, s.Flags})
	}
	return keys, true
}

// setKeys tells what SET does to its key, which depends on the option GET.
func setKeys(keys []KeyAt, args [][]byte) ([]KeyAt, bool) {
	for _, a := range args[min(3, len(args)):] {
		if isToken(a, "GET") {
			return append(keys, KeyAt{1, RW | Access | Update}), true
		}
	}
	return append(keys, KeyAt{1, OW | Update}), true
}

// bitfieldKeys tells whether BITFIELD only reads its key. What it does not understand counts as a write.
func bitfieldKeys(keys []KeyAt, args [][]byte) ([]KeyAt, bool) {
	for i := 2; i < len(args); i++ {
		switch left := len(args) - 1 - i; {
		case isToken(args[i], "GET") && left >= 2:
			i += 2
		case isToken(args[i], "OVERFLOW") && left >= 1:
			i++
		default:
			return append(keys, KeyAt{1, RW | Access | Update}), true
		}
	}
	return append(keys, KeyAt{1, RO | Access}), true
}
