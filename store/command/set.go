package command

import (
	"strconv"

	"spindle/resp"
	"spindle/store"
	"spindle/store/intset"
	"spindle/store/listpack"
	"spindle/store/set"
)

// Sets: the table and the everyday commands. set_members.go is what they do to the encodings, set_random.go has SPOP and
// SRANDMEMBER, set_algebra.go unions, intersections and differences.

var setCommands = []*Command{
	{Name: "sadd", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Insert)}, Group: "set",
		Since: "1.0.0", Categories: CatSet,
		Complexity: "O(1) for each element added, so O(N) to add N elements when the command is called with multiple arguments.",
		History:    []Change{{"2.4.0", "Accepts multiple `member` arguments."}}, Syntax: "key member...",
		Summary: "Add one or more members to a set", Run: saddCommand},
	{Name: "scard", Arity: 2, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "set", Since: "1.0.0",
		Categories: CatSet, Complexity: "O(1)", Syntax: "key", Summary: "Get the number of members in a set",
		Run: scardCommand},
	{Name: "sdiff", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(RO | Access)}, Group: "set",
		Since: "1.0.0", Categories: CatSet,
		Complexity: "O(N) where N is the total number of elements in all given sets.",
		Tips:       []string{"nondeterministic_output_order"}, Syntax: "key...", Summary: "Subtract multiple sets",
		Run: sdiffCommand},
	{Name: "sdiffstore", Arity: -3, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, OW|Update), atIndex(2).keys(-1, 1, 0).is(RO | Access)}, Group: "set", Since: "1.0.0",
		Categories: CatSet, Complexity: "O(N) where N is the total number of elements in all given sets.",
		Syntax: "destination:key key#1...", Summary: "Subtract multiple sets and store the resulting set in a key",
		Run: sdiffstoreCommand},
	{Name: "sinter", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(RO | Access)}, Group: "set",
		Since: "1.0.0", Categories: CatSet,
		Complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
		Tips:       []string{"nondeterministic_output_order"}, Syntax: "key...", Summary: "Intersect multiple sets",
		Run: sinterCommand},
	{Name: "sintercard", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{atIndex(1).counted(0, 1, 1).is(RO | Access)},
		Group: "set", Since: "7.0.0", Categories: CatSet,
		Complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
		Syntax:     "numkeys:integer key... [LIMIT=limit:integer]",
		Summary:    "Intersect multiple sets and return the cardinality of the result", Run: sintercardCommand},
	{Name: "sinterstore", Arity: -3, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, RW|Update), atIndex(2).keys(-1, 1, 0).is(RO | Access)}, Group: "set", Since: "1.0.0",
		Categories: CatSet,
		Complexity: "O(N*M) worst case where N is the cardinality of the smallest set and M is the number of sets.",
		Syntax:     "destination:key key#1...", Summary: "Intersect multiple sets and store the resulting set in a key",
		Run: sinterstoreCommand},
	{Name: "sismember", Arity: 3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO)}, Group: "set", Since: "1.0.0",
		Categories: CatSet, Complexity: "O(1)", Syntax: "key member",
		Summary: "Determine if a given value is a member of a set", Run: sismemberCommand},
	{Name: "smembers", Arity: 2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "set", Since: "1.0.0",
		Categories: CatSet, Complexity: "O(N) where N is the set cardinality.",
		Tips: []string{"nondeterministic_output_order"}, Syntax: "key", Summary: "Get all the members in a set",
		Run: smembersCommand},
	{Name: "smismember", Arity: -3, Flags: ReadOnly | Fast, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "set",
		Since: "6.2.0", Categories: CatSet,
		Complexity: "O(N) where N is the number of elements being checked for membership", Syntax: "key member...",
		Summary: "Returns the membership associated with the given elements for a set", Run: smismemberCommand},
	{Name: "smove", Arity: 4, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete), oneKey(2, RW|Insert)},
		Group: "set", Since: "1.0.0", Categories: CatSet, Complexity: "O(1)",
		Syntax: "source:key destination:key#1 member", Summary: "Move a member from one set to another",
		Run: smoveCommand},
	{Name: "spop", Arity: -2, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|Access|KeyDelete)}, Group: "set",
		Since: "1.0.0", Categories: CatSet,
		Complexity: "Without the count argument O(1), otherwise O(N) where N is the value of the passed count.",
		Tips:       []string{"nondeterministic_output"}, History: []Change{{"3.2.0", "Added the `count` argument."}},
		Syntax: "key [count:integer@3.2.0]", Summary: "Remove and return one or multiple random members from a set",
		Run: spopCommand},
	{Name: "srandmember", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "set",
		Since: "1.0.0", Categories: CatSet,
		Complexity: "Without the count argument O(1), otherwise O(N) where N is the absolute value of the passed count.",
		Tips:       []string{"nondeterministic_output"},
		History:    []Change{{"2.6.0", "Added the optional `count` argument."}}, Syntax: "key [count:integer@2.6.0]",
		Summary: "Get one or multiple random members from a set", Run: srandmemberCommand},
	{Name: "srem", Arity: -3, Flags: Write | Fast, Keys: []KeySpec{oneKey(1, RW|KeyDelete)}, Group: "set", Since: "1.0.0",
		Categories: CatSet, Complexity: "O(N) where N is the number of members to be removed.",
		History: []Change{{"2.4.0", "Accepts multiple `member` arguments."}}, Syntax: "key member...",
		Summary: "Remove one or more members from a set", Run: sremCommand},
	{Name: "sscan", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{oneKey(1, RO|Access)}, Group: "set", Since: "2.8.0",
		Categories: CatSet,
		Complexity: "O(1) for every call. O(N) for a complete iteration, including enough command calls for the cursor to return back to 0. N is the number of elements inside the collection..",
		Tips:       []string{"nondeterministic_output"}, Syntax: "key cursor:integer [MATCH=pattern] [COUNT=count:integer]",
		Summary: "Incrementally iterate Set elements", Run: sscanCommand},
	{Name: "sunion", Arity: -2, Flags: ReadOnly, Keys: []KeySpec{atIndex(1).keys(-1, 1, 0).is(RO | Access)}, Group: "set",
		Since: "1.0.0", Categories: CatSet,
		Complexity: "O(N) where N is the total number of elements in all given sets.",
		Tips:       []string{"nondeterministic_output_order"}, Syntax: "key...", Summary: "Add multiple sets",
		Run: sunionCommand},
	{Name: "sunionstore", Arity: -3, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, OW|Update), atIndex(2).keys(-1, 1, 0).is(RO | Access)}, Group: "set", Since: "1.0.0",
		Categories: CatSet, Complexity: "O(N) where N is the total number of elements in all given sets.",
		Syntax: "destination:key key#1...", Summary: "Add multiple sets and store the resulting set in a key",
		Run: sunionstoreCommand},
}

func saddCommand(c *Ctx) error {
	for _, member := range c.Args[2:] {
		if !set.Fits(len(member)) {
			return resp.ErrStringTooLong
		}
	}
	k, err := c.FindForWrite(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	added := 0
	for _, member := range c.Args[2:] {
		if c.addMember(&k, c.Args[1], member) {
			added++
		}
	}
	if added > 0 {
		c.Changed(ClassSet, "sadd", c.Args[1])
	}
	c.Out.Int(int64(added))
	return nil
}

// dropEmptySet removes a set without members.
func (c *Ctx) dropEmptySet(k *store.Key, name []byte) {
	if setLen(k) == 0 {
		k.Delete()
		c.Changed(ClassGeneric, "del", name)
	}
}

func sremCommand(c *Ctx) error {
	k, err := c.FindForWrite(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	removed := 0
	if k.Exists() {
		for _, member := range c.Args[2:] {
			if removeMember(&k, member) {
				removed++
				if setLen(&k) == 0 {
					break
				}
			}
		}
	}
	if removed > 0 {
		c.Changed(ClassSet, "srem", c.Args[1])
		c.dropEmptySet(&k, c.Args[1])
	}
	c.Out.Int(int64(removed))
	return nil
}

func smoveCommand(c *Ctx) error {
	from, to, member := c.Args[1], c.Args[2], c.Args[3]
	dst := c.DB.FindForWrite(to)
	src := c.DB.FindForWrite(from) // looked up last: finding the other may have removed an expired key
	switch {
	case !src.Exists():
		c.Out.Int(0)
		return nil
	case src.Type() != store.Set || dst.Exists() && dst.Type() != store.Set:
		return resp.ErrWrongType
	case string(from) == string(to):
		replyTruth(c.Out, hasMember(&src, member))
		return nil
	case !removeMember(&src, member):
		c.Out.Int(0)
		return nil
	}
	c.Changed(ClassSet, "srem", from)
	c.dropEmptySet(&src, from)
	dst = c.DB.FindForWrite(to)
	if c.addMember(&dst, to, member) {
		c.Changed(ClassSet, "sadd", to)
	}
	c.Out.Int(1)
	return nil
}

func scardCommand(c *Ctx) error {
	k, err := c.Find(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	c.Out.Int(int64(setLen(&k)))
	return nil
}

func sismemberCommand(c *Ctx) error {
	k, err := c.Find(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	replyTruth(c.Out, k.Exists() && hasMember(&k, c.Args[2]))
	return nil
}

func smismemberCommand(c *Ctx) error {
	k, err := c.Find(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	c.Out.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		replyTruth(c.Out, k.Exists() && hasMember(&k, member))
	}
	return nil
}

func smembersCommand(c *Ctx) error {
	k, err := c.Find(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	c.Out.Set(setLen(&k))
	replyMembers(c.Out, &k)
	return nil
}

// replyMembers writes all members of a set, found or missing, without a header.
func replyMembers(w *resp.Writer, k *store.Key) {
	if !k.Exists() {
		return
	}
	switch v := k.Bytes(); k.Encoding() {
	case store.Intset:
		for i := range intset.Len(v) {
			w.BulkInt(intset.Get(v, i))
		}
	case store.PackedSet:
		for off := listpack.First(v); off != listpack.None; off = listpack.Next(v, off) {
			replyElement(w, v, off)
		}
	default:
		largeSet(k).Each(w.Bulk)
	}
}

func sscanCommand(c *Ctx) error {
	cursor, err := scanCursor(c.Args[2])
	if err != nil {
		return err
	}
	k, err := c.Find(c.Args[1], store.Set)
	if err != nil {
		return err
	}
	if !k.Exists() {
		emptyScan(c.Out)
		return nil
	}
	s, err := c.beginScan()
	if err != nil {
		return err
	}
	found := func(member []byte) {
		if s.matches(member) {
			s.out.Bulk(member)
			s.items++
		}
	}
	if l := largeSet(&k); l != nil {
		cursor = l.Scan(cursor, s.count, found)
	} else {
		eachMember(&k, found)
		cursor = 0
	}
	s.end(cursor)
	return nil
}

// eachMember calls f for all members of a set that exists. The views end with the call.
func eachMember(k *store.Key, f func(member []byte)) {
	var digits [20]byte
	switch v := k.Bytes(); k.Encoding() {
	case store.Intset:
		for i := range intset.Len(v) {
			f(strconv.AppendInt(digits[:0], intset.Get(v, i), 10))
		}
	case store.PackedSet:
		for off := listpack.First(v); off != listpack.None; off = listpack.Next(v, off) {
			f(listpack.Element(v, off, digits[:]))
		}
	default:
		largeSet(k).Each(f)
	}
}
