package command

import (
	"bytes"
	"cmp"
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
		case a.TokenWith("GET", 1):
			pattern, _ := a.Next()
			o.gets = append(o.gets, parseSortPattern(pattern))
		default:
			err = resp.ErrSyntax
		}
		if err != nil {
			return o, err
		}
	}
	return o, nil
}

// sortItem is one element: where it is in sorter.text, and what it is sorted by.
type sortItem struct {
	from, to     int
	byFrom, byTo int // byTo -1: the key to sort by is missing
	score        float64
	pos          int // among all, as they came
}

type sorter struct {
	c     *Ctx
	o     sortOptions
	text  []byte
	items []sortItem
	key   []byte // scratch
	set   bool   // the elements have no order of their own
}

func (s *sorter) elem(it *sortItem) []byte { return s.text[it.from:it.to] }

func (s *sorter) by(it *sortItem) []byte { return s.text[it.byFrom:it.byTo] }

func (s *sorter) add(elem []byte) {
	from := len(s.text)
	s.text = append(s.text, elem...)
	s.items = append(s.items, sortItem{from: from, to: len(s.text), pos: len(s.items)})
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
		slices.SortFunc(s.items, s.compare)
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
	for at := listCursor(k, first); count > 0; count-- {
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

// weigh finds for each element what it is sorted by.
func (s *sorter) weigh() error {
	if s.o.alpha && s.o.by == nil {
		return nil
	}
	for i := range s.items {
		it := &s.items[i]
		value := s.elem(it)
		if s.o.by != nil {
			from := len(s.text)
			var ok bool
			if s.text, ok = s.appendValue(s.text, s.o.by, it); !ok {
				it.byTo = -1
				continue
			}
			it.byFrom, it.byTo = from, len(s.text)
			value = s.by(it)
		}
		if s.o.alpha {
			continue
		}
		var ok bool
		if it.score, ok = sortScore(value); !ok {
			return resp.ErrSortScores
		}
		if s.o.by != nil {
			s.text = s.text[:it.byFrom]
		}
	}
	return nil
}

// sortScore reads a number as strtod does: blanks may precede it, it ends at a zero byte, and nothing is 0.
func sortScore(b []byte) (float64, bool) {
	b = cString(b)
	if len(b) == 0 {
		return 0, true
	}
	return resp.ParseFloat(bytes.TrimLeft(b, " \t\n\v\f\r"))
}

// cString returns b up to its first zero byte.
func cString(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return b[:i]
	}
	return b
}

// compare orders two items. Equal ones keep their order; those of sets, which have none, are ordered by their bytes.
func (s *sorter) compare(a, b sortItem) int {
	d := 0
	if s.o.alpha {
		d = s.compareText(&a, &b)
	} else if d = cmp.Compare(a.score, b.score); d == 0 {
		d = bytes.Compare(s.elem(&a), s.elem(&b))
	}
	if s.o.desc {
		d = -d
	}
	if d == 0 && s.set {
		d = bytes.Compare(s.elem(&a), s.elem(&b))
	}
	if d == 0 {
		d = cmp.Compare(a.pos, b.pos)
	}
	return d
}

// compareText compares as strings: what will be stored by all bytes, else as strcoll in the C locale, to the first zero byte.
func (s *sorter) compareText(a, b *sortItem) int {
	x, y := s.elem(a), s.elem(b)
	if s.o.by != nil {
		if a.byTo < 0 || b.byTo < 0 {
			return cmp.Compare(min(a.byTo, 0), min(b.byTo, 0))
		}
		x, y = s.by(a), s.by(b)
	}
	if s.o.store == nil {
		x, y = cString(x), cString(y)
	}
	return bytes.Compare(x, y)
}

func (s *sorter) reply() {
	first, n := s.limit(len(s.items))
	w := s.c.Out
	if len(s.o.gets) == 0 {
		w.Array(n)
		for i := range s.items[first : first+n] {
			w.Bulk(s.elem(&s.items[first+i]))
		}
		return
	}
	w.Array(n * len(s.o.gets))
	for i := range s.items[first : first+n] {
		for g := range s.o.gets {
			value, ok := s.appendValue(s.text, &s.o.gets[g], &s.items[first+i])
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
	first, n := s.limit(len(s.items))
	items := s.items[first : first+n]
	var elems [][]byte
	if len(s.o.gets) == 0 {
		for i := range items {
			elems = append(elems, s.elem(&items[i]))
		}
		return elems
	}
	ends := []int{len(s.text)}
	for i := range items {
		for g := range s.o.gets {
			s.text, _ = s.appendValue(s.text, &s.o.gets[g], &items[i])
			ends = append(ends, len(s.text))
		}
	}
	for i, end := range ends[1:] {
		elems = append(elems, s.text[ends[i]:end])
	}
	return elems
}
