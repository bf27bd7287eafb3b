package command

import (
	"spindle/resp"
	"spindle/store"
	"spindle/store/list"
	"spindle/store/listpack"
)

// Lists: the table, what reads, and the two forms of a list. list_push.go has the ends, list_edit.go the middle, list_move.go
// what goes from list to list.
//
// A list of one chunk is a listpack in its key's record; one of more is a list.List. Both have the encoding
// Quicklist, and their chunks begin and end where those of Redis do.

var listCommands = []*Command{
	{Name: "lindex", Arity: 3, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "list",
		Since: "1.0.0", Categories: CatList,
		Complexity: "O(N) where N is the number of elements to traverse to get to the element at index. This makes asking for the first or the last element of the list O(1).",
		Syntax:     "key index:integer", Summary: "Get an element from a list by its index", Run: lindexCommand},
	{Name: "linsert", Arity: 5, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, RW|Insert)}, Group: "list",
		Since: "2.2.0", Categories: CatList,
		Complexity: "O(N) where N is the number of elements to traverse before seeing the value pivot. This means that inserting somewhere on the left end on the list (head) can be considered O(1) and inserting somewhere on the right end (tail) is O(N).",
		Syntax:     "key where(BEFORE|AFTER) pivot element",
		Summary:    "Insert an element before or after another element in a list", Run: linsertCommand},
	{Name: "llen", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "list", Since: "1.0.0",
		Categories: CatList, Complexity: "O(1)", Syntax: "key", Summary: "Get the length of a list",
		Run: llenCommand},
	{Name: "lmove", Arity: 5, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete), oneKey(2, RW|Insert)}, Group: "list", Since: "6.2.0",
		Categories: CatList, Complexity: "O(1)",
		Syntax:  "source:key destination:key#1 wherefrom(LEFT|RIGHT) whereto(LEFT|RIGHT)",
		Summary: "Pop an element from a list, push it to another list and return it", Run: lmoveCommand},
	{Name: "lmpop", Arity: -4, Flags: Write, Keys: []KeySpec{atIndex(1).counted(0, 1, 1).is(RW | Access | KeyDelete)},
		Group: "list", Since: "7.0.0", Categories: CatList,
		Complexity: "O(N+M) where N is the number of provided keys and M is the number of elements returned.",
		Syntax:     "numkeys:integer key... where(LEFT|RIGHT) [COUNT=count:integer]",
		Summary:    "Pop elements from a list", Run: lmpopCommand},
	{Name: "lpop", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete)}, Group: "list",
		Since: "1.0.0", Categories: CatList, Complexity: "O(N) where N is the number of elements returned",
		History: []Change{{"6.2.0", "Added the `count` argument."}}, Syntax: "key [count:integer@6.2.0]",
		Summary: "Remove and get the first elements in a list", Run: lpopCommand},
	{Name: "lpos", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "list", Since: "6.0.6",
		Categories: CatList,
		Complexity: "O(N) where N is the number of elements in the list, for the average case. When searching for elements near the head or the tail of the list, or when the MAXLEN option is provided, the command may run in constant time.",
		Syntax:     "key element [RANK=rank:integer] [COUNT=num-matches:integer] [MAXLEN=len:integer]",
		Summary:    "Return the index of matching elements on a list", Run: lposCommand},
	{Name: "lpush", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Insert)}, Group: "list",
		Since: "1.0.0", Categories: CatList,
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		History:    []Change{{"2.4.0", "Accepts multiple `element` arguments."}}, Syntax: "key element...",
		Summary: "Prepend one or multiple elements to a list", Run: lpushCommand},
	{Name: "lpushx", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Insert)}, Group: "list",
		Since: "2.2.0", Categories: CatList,
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		History:    []Change{{"4.0.0", "Accepts multiple `element` arguments."}}, Syntax: "key element...",
		Summary: "Prepend an element to a list, only if the list exists", Run: lpushxCommand},
	{Name: "lrange", Arity: 4, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "list",
		Since: "1.0.0", Categories: CatList,
		Complexity: "O(S+N) where S is the distance of start offset from HEAD for small lists, from nearest end (HEAD or TAIL) for large lists; and N is the number of elements in the specified range.",
		Syntax:     "key start:integer stop:integer", Summary: "Get a range of elements from a list",
		Run: lrangeCommand},
	{Name: "lrem", Arity: 4, Flags: Write, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "list", Since: "1.0.0",
		Categories: CatList,
		Complexity: "O(N+M) where N is the length of the list and M is the number of elements removed.",
		Syntax:     "key count:integer element", Summary: "Remove elements from a list", Run: lremCommand},
	{Name: "lset", Arity: 4, Flags: Write | DenyOOM, Keys: []KeySpec{oneKey(1, RW|Update)}, Group: "list",
		Since: "1.0.0", Categories: CatList,
		Complexity: "O(N) where N is the length of the list. Setting either the first or the last element of the list is O(1).",
		Syntax:     "key index:integer element", Summary: "Set the value of an element in a list by its index",
		Run: lsetCommand},
	{Name: "ltrim", Arity: 4, Flags: Write, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "list", Since: "1.0.0",
		Categories: CatList, Complexity: "O(N) where N is the number of elements to be removed by the operation.",
		Syntax: "key start:integer stop:integer", Summary: "Trim a list to the specified range", Run: ltrimCommand},
	{Name: "rpop", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete)}, Group: "list",
		Since: "1.0.0", Categories: CatList, Complexity: "O(N) where N is the number of elements returned",
		History: []Change{{"6.2.0", "Added the `count` argument."}}, Syntax: "key [count:integer@6.2.0]",
		Summary: "Remove and get the last elements in a list", Run: rpopCommand},
	{Name: "rpoplpush", Arity: 3, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete), oneKey(2, RW|Insert)}, Group: "list", Since: "1.2.0",
		Categories: CatList, Complexity: "O(1)", Deprecated: true, DeprecatedSince: "6.2.0",
		ReplacedBy: "`LMOVE` with the `RIGHT` and `LEFT` arguments", Syntax: "source:key destination:key#1",
		Summary: "Remove the last element in a list, prepend it to another list and return it",
		Run:     rpoplpushCommand},
	{Name: "rpush", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Insert)}, Group: "list",
		Since: "1.0.0", Categories: CatList,
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		History:    []Change{{"2.4.0", "Accepts multiple `element` arguments."}}, Syntax: "key element...",
		Summary: "Append one or multiple elements to a list", Run: rpushCommand},
	{Name: "rpushx", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Insert)}, Group: "list",
		Since: "2.2.0", Categories: CatList,
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		History:    []Change{{"4.0.0", "Accepts multiple `element` arguments."}}, Syntax: "key element...",
		Summary: "Append an element to a list, only if the list exists", Run: rpushxCommand},
}

// listMissing is the value of a list that is not there.
var listMissing = listpack.New(nil)

// largeListOf returns the List that k holds, nil for a packed or missing one.
func largeListOf(k *store.Key) *list.List {
	if !k.Exists() {
		return nil
	}
	if o := k.Object(); o != nil {
		return o.(*list.List)
	}
	return nil
}

// packedList returns the listpack of a packed or missing list.
func packedList(k *store.Key) []byte {
	if !k.Exists() {
		return listMissing
	}
	return k.Bytes()
}

// listLen returns the number of elements of a list, found or missing.
func listLen(k *store.Key) int {
	if l := largeListOf(k); l != nil {
		return l.Len()
	}
	return listpack.Len(packedList(k))
}

// listCursor returns a cursor at element i of a list, found or missing.
func listCursor(k *store.Key, i int) list.Cursor {
	if l := largeListOf(k); l != nil {
		return l.Cursor(i)
	}
	return list.Packed(packedList(k), i)
}

// listLimits are the limits of a chunk as they are configured now.
func (c *Ctx) listLimits() list.Limits { return list.LimitsOf(c.S.Config.ListMaxListpackSize) }

// largeList makes a List of a packed or missing list.
func (c *Ctx) largeList(k *store.Key, name []byte) *list.List {
	l := list.New(k.DB().Store().Mem)
	if lp := packedList(k); listpack.Len(lp) > 0 {
		l.AppendChunk(lp)
	}
	k.SetObject(name, store.List, store.Quicklist, l, store.KeepExpire)
	l.SetLimits(c.listLimits())
	return l
}

// packAgainBytes is the size of its only chunk, in bytes, at which a list returns into its key's record.
const packAgainBytes = 1024

// settleList has a List that has become small packed.
func settleList(k *store.Key, name []byte, l *list.List) {
	if l.Chunks() != 1 || l.Len() > packAgainBytes/2 {
		return
	}
	l.Each(func(lp []byte) {
		if len(lp) <= packAgainBytes {
			lp = append([]byte(nil), lp...) // the list goes before its place is filled
			copy(k.Set(name, store.List, store.Quicklist, len(lp), store.KeepExpire), lp)
		}
	})
}

// dropEmptyList removes a list without elements.
func (c *Ctx) dropEmptyList(k *store.Key, name []byte) {
	if listLen(k) == 0 {
		k.Delete()
		c.Changed(ClassGeneric, "del", name)
	}
}

// replyElements writes n elements from the cursor on as an array, backwards with back.
func replyElements(w *resp.Writer, at list.Cursor, n int, back bool) {
	w.Array(n)
	for ; n > 0; n-- {
		lp, off := at.Element()
		replyElement(w, lp, off)
		at.Step(back)
	}
}

// listIndex turns an index that may count from the end, -1, into one from 0 on. It may be out of range.
func listIndex(i int64, n int) int64 {
	if i < 0 {
		i += int64(n)
	}
	return i
}

func llenCommand(c *Ctx) error {
	k, err := c.Find(c.Args[1], store.List)
	if err != nil {
		return err
	}
	c.Out.Int(int64(listLen(&k)))
	return nil
}

func lindexCommand(c *Ctx) error {
	k, err := c.Find(c.Args[1], store.List)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Null()
		return nil
	}
	i, err := c.Int(2)
	if err != nil {
		return err
	}
	n := listLen(&k)
	if i = listIndex(i, n); i < 0 || i >= int64(n) {
		c.Out.Null()
		return nil
	}
	at := listCursor(&k, int(i))
	lp, off := at.Element()
	replyElement(c.Out, lp, off)
	return nil
}

// listRange clamps a range with inclusive ends, which may count from the end, to a list of n elements: it returns where the
// range begins and how many elements it has.
func listRange(start, stop int64, n int) (first, count int) {
	start = max(listIndex(start, n), 0)
	stop = min(listIndex(stop, n), int64(n)-1)
	if start > stop {
		return 0, 0
	}
	return int(start), int(stop - start + 1)
}

func lrangeCommand(c *Ctx) error {
	start, err := c.Int(2)
	if err != nil {
		return err
	}
	stop, err := c.Int(3)
	if err != nil {
		return err
	}
	k, err := c.Find(c.Args[1], store.List)
	if err != nil {
		return err
	}
	first, n := listRange(start, stop, listLen(&k))
	if n == 0 {
		c.Out.EmptyArray()
		return nil
	}
	replyElements(c.Out, listCursor(&k, first), n, false)
	return nil
}

type lposOptions struct {
	rank, count, maxlen int64
	array               bool // COUNT was given
}

func (c *Ctx) lposOptions() (o lposOptions, err error) {
	o.rank = 1
	for a := c.Options(3); a.More(); {
		switch {
		case a.TokenWith("RANK", 1):
			if o.rank, err = a.Int(); err == nil && o.rank == 0 {
				err = resp.ErrRankZero
			}
		case a.TokenWith("COUNT", 1):
			o.array = true
			if o.count, err = a.Int(); err != nil || o.count < 0 {
				err = resp.ErrCountNegative
			}
		case a.TokenWith("MAXLEN", 1):
			if o.maxlen, err = a.Int(); err != nil || o.maxlen < 0 {
				err = resp.ErrMaxlenNeg
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

func lposCommand(c *Ctx) error {
	o, err := c.lposOptions()
	if err != nil {
		return err
	}
	k, err := c.Find(c.Args[1], store.List)
	if err != nil {
		return err
	}
	if o.array {
		d := c.Out.ReserveArray()
		n := 0
		lpos(&k, o, c.Args[2], func(i int) { c.Out.Int(int64(i)); n++ })
		c.Out.SetLen(d, n)
		return nil
	}
	o.count = 1
	found := -1
	lpos(&k, o, c.Args[2], func(i int) { found = i })
	if found < 0 {
		c.Out.Null()
	} else {
		c.Out.Int(int64(found))
	}
	return nil
}

// lpos calls match with the index of each element that equals elem, as the options say. A count of 0 means all.
func lpos(k *store.Key, o lposOptions, elem []byte, match func(i int)) {
	needle := listpack.MakeNeedle(elem)
	n := listLen(k)
	i, step, back := 0, 1, o.rank < 0
	if back {
		i, step, o.rank = n-1, -1, max(-o.rank, 1) // the smallest integer has no opposite: Redis takes it for -1
	}
	if o.maxlen == 0 || o.maxlen > int64(n) {
		o.maxlen = int64(n)
	}
	at := listCursor(k, i)
	for ; o.maxlen > 0; o.maxlen-- {
		lp, off := at.Element()
		if needle.At(lp, off) {
			if o.rank--; o.rank <= 0 {
				match(i)
				if o.count--; o.count == 0 {
					return
				}
			}
		}
		i += step
		at.Step(back)
	}
}
