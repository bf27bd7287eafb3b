package command

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"spindle/resp"
	"spindle/store"
	"spindle/store/listpack"
)

// SORT: the table, its options, and what orders. sort_keys.go finds what BY and GET patterns name.
//
// All elements are copied first, since looking up patterns may remove expired keys, which invalidates views.

var sortCommands = []*Command{
	{Name: "sort", Arity: -2, Flags: Write | DenyOOM,
		Keys:  []KeySpec{oneKey(1, RO|Access), atUnknown().unknown().is(RO | Access).note("For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort"), atUnknown().unknown().is(OW | Update).note("For the optional STORE keyword. It is marked 'unknown' because the keyword can appear anywhere in the argument array")},
		Group: "generic", Since: "1.0.0", Categories: CatSet | CatSortedSet | CatList | CatDangerous,
		Complexity: "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).",
		Syntax:     "key [BY=pattern#1] [LIMIT=offset_count(offset:integer count:integer)] [GET=pattern#1+...] [order(ASC|DESC)] [sorting:ALPHA] [STORE=destination:key#2]",
		Summary:    "Sort the elements in a list, set or sorted set", FindKeys: sortKeys, Run: sortCommand},
	{Name: "sort_ro", Arity: -2, Flags: ReadOnly,
		Keys:  []KeySpec{oneKey(1, RO|Access), atUnknown().unknown().is(RO | Access).note("For the optional BY/GET keyword. It is marked 'unknown' because the key names derive from the content of the key we sort")},
		Group: "generic", Since: "7.0.0", Categories: CatSet | CatSortedSet | CatList | CatDangerous,
		Complexity: "O(N+M*log(M)) where N is the number of elements in the list or set to sort, and M the number of returned elements. When the elements are not sorted, complexity is O(N).",
		Syntax:     "key [BY=pattern#1] [LIMIT=offset_count(offset:integer count:integer)] [GET=pattern#1+...] [order(ASC|DESC)] [sorting:ALPHA]",
		Summary:    "Sort the elements in a list, set or sorted set. Read-only variant of SORT.", FindKeys: sortRoKeys, Run: sortRoCommand},
}

type sortOptions struct {
	desc, alpha bool
	unsorted    bool // BY has no place for the element: there is nothing to sort by
	by          *sortPattern
	gets        []sortPattern
	start       int64
	count       int64 // negative: all
	store       []byte
}

func (c *Ctx) sortOptions(readOnly bool) (o sortOptions, err error) {
	o.count = -1
	for a := c.Options(2); a.More(); {
		switch {
		case a.Token("ASC"):
			o.desc = false
		case a.Token("DESC"):
			o.desc = true
		case a.Token("ALPHA"):
			o.alpha = true
		case a.TokenWith("LIMIT", 2):
			if o.start, err = a.Int(); err == nil {
				o.count, err = a.Int()
			}
		case !readOnly && a.TokenWith("STORE", 1):
			o.store, err = a.Next()
		case a.TokenWith("BY", 1):
			pattern, _ := a.Next()
			p := parseSortPattern(pattern)
			o.by = &p
			o.unsorted = o.unsorted || bytes.IndexByte(pattern, '*') < 0
			if p.star && !c.mayReadAllKeys() {
				err = resp.ErrSortByDenied
			}
		case a.TokenWith("GET", 1):
			pattern, _ := a.Next()
			o.gets = append(o.gets, parseSortPattern(pattern))
			if !c.mayReadAllKeys() {
				err = resp.ErrSortGetDenied
			}
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

// span is a part of sorter.text. Below 0 the text is missing.
type span struct{ from, to int }

// A sorter knows elements by their number, as they came.
type sorter struct {
	c     *Ctx
	o     sortOptions
	text  []byte    // the elements one behind the other, then what BY has found
	ends  []int     // in text, by element
	bys   []span    // what BY with ALPHA has found, by element
	order []sortKey // nil: as they came
	key   []byte    // scratch
	set   bool      // the elements have no order of their own
}

// at returns the element at a place of the result.
func (s *sorter) at(place int) []byte {
	if s.order != nil {
		place = s.order[place].pos
	}
	return s.elem(place)
}

func (s *sorter) elem(i int) []byte {
	from := 0
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.text[from:s.ends[i]]
}

// expect makes room for n elements, as long as most numbers are.
func (s *sorter) expect(n int) {
	s.ends = make([]int, 0, n)
	s.text = make([]byte, 0, 8*n)
}

func (s *sorter) add(elem []byte) {
	s.text = append(s.text, elem...)
	s.ends = append(s.ends, len(s.text))
}

func sortCommand(c *Ctx) error   { return c.sort(false) }
func sortRoCommand(c *Ctx) error { return c.sort(true) }

func (c *Ctx) sort(readOnly bool) error {
	o, err := c.sortOptions(readOnly)
	if err != nil {
		return err
	}
	k := c.DB.Find(c.Args[1])
	if k.Exists() && k.Type() == store.ZSet && k.Encoding() == store.Listpack {
		k = c.enlargeZSet(c.Args[1])
	}
	s := &sorter{c: c, o: o}
	if err := s.load(&k); err != nil {
		return err
	}
	if !s.o.unsorted {
		if err := s.weigh(); err != nil {
			return err
		}
		s.sort()
	}
	if s.o.store != nil {
		s.store()
	} else {
		s.reply()
	}
	return nil
}

// enlargeZSet makes the sorted set at key a large one: clients can see that this is what sorting does to it.
func (c *Ctx) enlargeZSet(key []byte) store.Key {
	z := zsetEditor{c: c, name: key, k: c.DB.FindForWrite(key)}
	z.enlarge()
	return z.k
}

// load copies the elements, and cuts them to the range asked for as soon as that is known.
func (s *sorter) load(k *store.Key) error {
	n, err := sortLen(k)
	if err != nil || n == 0 {
		return err
	}
	s.set = k.Type() != store.List
	if s.o.unsorted && k.Type() == store.Set && s.o.store != nil {
		// What is stored must not depend on the order in which a set happens to be kept.
		s.o.unsorted, s.o.alpha, s.o.by = false, true, nil
	}
	first, count := s.limit(n)
	switch {
	case k.Type() == store.Set:
		s.expect(n)
		eachMember(k, s.add)
		return nil
	case !s.o.unsorted:
		first, count = 0, n
	default:
		s.o.start, s.o.count = 0, -1
	}
	if count == 0 {
		return nil
	}
	s.expect(count)
	if k.Type() == store.List {
		s.loadList(k, first, count)
	} else {
		s.loadZSet(k, first, count)
	}
	return nil
}

// sortLen returns the number of elements to sort.
func sortLen(k *store.Key) (int, error) {
	if !k.Exists() {
		return 0, nil
	}
	switch k.Type() {
	case store.List:
		return listLen(k), nil
	case store.Set:
		return setLen(k), nil
	case store.ZSet:
		v := zsetView(k)
		return v.Len(), nil
	}
	return 0, resp.ErrWrongType
}

// limit applies LIMIT to n elements.
func (s *sorter) limit(n int) (first, count int) {
	first = int(min(max(s.o.start, 0), int64(n)))
	count = n - first
	if s.o.count >= 0 {
		count = int(min(s.o.count, int64(count)))
	}
	return first, count
}

// loadList copies count elements from place first on; if the order stays, from the end for DESC.
func (s *sorter) loadList(k *store.Key, first, count int) {
	back := s.o.unsorted && s.o.desc
	if back {
		first = listLen(k) - 1 - first
	}
	var digits [20]byte
	at := listCursor(k, first)
	for ; count > 0; count-- {
		lp, off := at.Element()
		s.add(listpack.Element(lp, off, digits[:]))
		at.Step(back)
	}
}

func (s *sorter) loadZSet(k *store.Key, first, count int) {
	v := zsetView(k)
	it := v.Ascend(first)
	if s.o.unsorted && s.o.desc {
		it = v.Descend(v.Len() - 1 - first)
	}
	for ; count > 0 && it.Next(); count-- {
		s.add(it.Member())
	}
}

// weigh makes the keys of the elements.
func (s *sorter) weigh() error {
	s.order = make([]sortKey, len(s.ends))
	switch {
	case !s.o.alpha:
		return s.scoreKeys()
	case s.o.by != nil:
		s.findBys()
	}
	s.textKeys()
	return nil
}

// scoreKeys makes keys of numbers.
func (s *sorter) scoreKeys() error {
	for i := range s.order {
		score, value, ok := 0.0, s.elem(i), true
		if s.o.by != nil {
			from := len(s.text)
			s.text, ok = s.appendValue(s.text, s.o.by, value)
			value, s.text = s.text[from:], s.text[:from]
		}
		if ok {
			if score, ok = sortScore(value); !ok {
				return resp.ErrSortScores
			}
		}
		s.order[i] = sortKey{s.directed(floatKey(score)), i}
	}
	return nil
}

// findBys finds the texts that BY names.
func (s *sorter) findBys() {
	s.bys = make([]span, len(s.ends))
	for i := range s.bys {
		from := len(s.text)
		text, ok := s.appendValue(s.text, s.o.by, s.elem(i))
		if s.bys[i] = (span{-1, -1}); ok {
			s.text = text
			s.bys[i] = span{from, len(text)}
		}
	}
}

// sortScore reads a number as strtod does: blanks may precede it, it ends at a zero byte, and nothing is 0.
func sortScore(b []byte) (float64, bool) {
	b = cString(b)
	if len(b) == 0 {
		return 0, true
	}
	if b[0] <= ' ' {
		b = bytes.TrimLeft(b, " \t\n\v\f\r")
	}
	return resp.ParseFloat(b)
}

// cString returns b up to its first zero byte.
func cString(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// sort finds the order, as far as LIMIT shows it.
func (s *sorter) sort() {
	if first, n := s.limit(len(s.order)); first+n <= len(s.order)/4 {
		partialSort(s.order, first+n, s.compare)
		return
	}
	s.order = sortByKey(s.order)
	for from := 0; from < len(s.order); {
		to := from + 1
		for to < len(s.order) && s.order[to].key == s.order[from].key {
			to++
		}
		if to-from > 1 {
			slices.SortFunc(s.order[from:to], func(a, b sortKey) int { return s.compareEqual(a.pos, b.pos) })
		}
		from = to
	}
}

func (s *sorter) compare(a, b *sortKey) int {
	if d := cmp.Compare(a.key, b.key); d != 0 {
		return d
	}
	return s.compareEqual(a.pos, b.pos)
}

// directed turns a key around for DESC.
func (s *sorter) directed(key uint64) uint64 {
	if s.o.desc {
		return ^key
	}
	return key
}

// textKeys makes keys of the eight bytes behind what all texts begin with.
func (s *sorter) textKeys() {
	var common []byte
	for i := range s.order {
		if t := s.sortText(i); i == 0 {
			common = t
		} else {
			common = common[:commonPrefix(common, t)]
		}
	}
	for i := range s.order {
		var b [8]byte
		if t := s.sortText(i); len(t) > len(common) {
			copy(b[:], t[len(common):])
		}
		s.order[i] = sortKey{s.directed(binary.BigEndian.Uint64(b[:])), i}
	}
}

func commonPrefix(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// sortText is what an element is sorted by with ALPHA; what is missing sorts like nothing. What will be stored is compared by
// all bytes, else as strcoll does in the C locale, to the first zero byte.
func (s *sorter) sortText(i int) []byte {
	text := s.elem(i)
	if s.bys != nil {
		if s.bys[i].from < 0 {
			return nil
		}
		text = s.text[s.bys[i].from:s.bys[i].to]
	}
	if s.o.store == nil {
		text = cString(text)
	}
	return text
}

// compareEqual orders two elements whose keys are the same. Equal ones keep their order; those of sets, which have none, are
// ordered by their bytes.
func (s *sorter) compareEqual(i, j int) int {
	d := 0
	if s.o.alpha {
		d = s.compareText(i, j)
	} else {
		d = bytes.Compare(s.elem(i), s.elem(j))
	}
	if s.o.desc {
		d = -d
	}
	if d == 0 && s.set {
		d = bytes.Compare(s.elem(i), s.elem(j))
	}
	if d == 0 {
		d = cmp.Compare(i, j)
	}
	return d
}

func (s *sorter) compareText(i, j int) int {
	if s.bys != nil && (s.bys[i].from < 0 || s.bys[j].from < 0) {
		return cmp.Compare(min(s.bys[i].from, 0), min(s.bys[j].from, 0))
	}
	return bytes.Compare(s.sortText(i), s.sortText(j))
}

func (s *sorter) reply() {
	first, n := s.limit(len(s.ends))
	w := s.c.Out
	if len(s.o.gets) == 0 {
		w.Array(n)
		for i := range n {
			w.Bulk(s.at(first + i))
		}
		return
	}
	w.Array(n * len(s.o.gets))
	for i := range n {
		for g := range s.o.gets {
			value, ok := s.appendValue(s.text, &s.o.gets[g], s.at(first+i))
			if !ok {
				w.Null()
				continue
			}
			w.Bulk(value[len(s.text):])
			s.text = value[:len(s.text)]
		}
	}
}

// store makes the result a list.
func (s *sorter) store() {
	c, name := s.c, s.o.store
	elems := s.results()
	k := c.DB.FindForWrite(name)
	existed := k.Exists()
	if existed {
		k.Delete()
	}
	c.Out.Int(int64(len(elems)))
	if len(elems) > 0 {
		c.push(&k, name, elems, false)
		c.Changed(ClassList, "sortstore", name)
	} else if existed {
		c.Changed(ClassGeneric, "del", name)
	}
}

// results returns what is to be stored; what GET does not find is empty.
func (s *sorter) results() [][]byte {
	first, n := s.limit(len(s.ends))
	if len(s.o.gets) == 0 {
		elems := make([][]byte, n)
		for i := range elems {
			elems[i] = s.at(first + i)
		}
		return elems
	}
	elems := make([][]byte, 0, n*len(s.o.gets))
	ends := make([]int, 1, cap(elems)+1)
	ends[0] = len(s.text)
	for i := range n {
		for g := range s.o.gets {
			s.text, _ = s.appendValue(s.text, &s.o.gets[g], s.at(first+i))
			ends = append(ends, len(s.text))
		}
	}
	for i, end := range ends[1:] {
		elems = append(elems, s.text[ends[i]:end])
	}
	return elems
}
