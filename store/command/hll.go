package command

import (
	"errors"

	"spindle/resp"
	"spindle/store"
	"spindle/store/hll"
)

// HyperLogLogs: strings in the format of store/hll.

var hyperloglogCommands = []*Command{
	{Name: "pfadd", Arity: -2, Flags: Write | DenyOOM | Fast, Keys: []KeySpec{oneKey(1, RW|Insert)}, Group: "hyperloglog",
		Since: "2.8.9", Categories: CatHyperLogLog, Complexity: "O(1) to add every element.", Syntax: "key [element...]",
		Summary: "Adds the specified elements to the specified HyperLogLog.", Run: pfaddCommand},
	{Name: "pfcount", Arity: -2, Flags: ReadOnly | MayReplicate,
		Keys:  []KeySpec{atIndex(1).keys(-1, 1, 0).is(RW | Access).note("RW because it may change the internal representation of the key, and propagate to replicas")},
		Group: "hyperloglog", Since: "2.8.9", Categories: CatHyperLogLog,
		Complexity: "O(1) with a very small average constant time when called with a single key. O(N) with N being the number of keys, and much bigger constant times, when called with multiple keys.",
		Syntax:     "key...", Summary: "Return the approximated cardinality of the set(s) observed by the HyperLogLog at key(s).",
		Run: pfcountCommand},
	{Name: "pfdebug", Arity: 3, Flags: Write | DenyOOM | Admin, Keys: []KeySpec{oneKey(2, RW|Access)}, Group: "hyperloglog",
		Since: "2.8.9", Categories: CatHyperLogLog, Complexity: "N/A", Deprecated: true, Syntax: "subcommand key",
		Summary: "Internal commands for debugging HyperLogLog values", Run: pfdebugCommand},
	{Name: "pfmerge", Arity: -2, Flags: Write | DenyOOM,
		Keys: []KeySpec{oneKey(1, RW|Access|Insert), atIndex(2).keys(-1, 1, 0).is(RO | Access)}, Group: "hyperloglog",
		Since: "2.8.9", Categories: CatHyperLogLog, Complexity: "O(N) to merge N HyperLogLogs, but with high constant times.",
		Syntax: "destkey:key sourcekey:key#1...", Summary: "Merge N different HyperLogLogs into a single one.",
		Run: pfmergeCommand},
	{Name: "pfselftest", Arity: 1, Flags: Admin, Group: "hyperloglog", Since: "2.8.9", Categories: CatHyperLogLog,
		Complexity: "N/A", Deprecated: true, Summary: "An internal command for testing HyperLogLog values",
		Run: pfselftestCommand},
}

// hllError words an error of package hll for clients.
func hllError(err error) error {
	switch {
	case errors.Is(err, hll.ErrNotHLL):
		return resp.ErrHLLWrongType
	case errors.Is(err, hll.ErrCorrupt):
		return resp.ErrHLLCorrupted
	}
	return err
}

// checkHLL refuses a found string key that holds something else.
func checkHLL(k *store.Key) error {
	if k.Encoding() == store.Int {
		return resp.ErrHLLWrongType
	}
	return hllError(hll.Check(k.Bytes()))
}

// findHLL finds a key that is missing or holds a HyperLogLog.
func (c *Ctx) findHLL(key []byte) (store.Key, error) {
	k, err := c.Find(key, store.String)
	if err == nil && k.Exists() {
		err = checkHLL(&k)
	}
	return k, err
}

// hllGrowth is room for an element or two more in a sparse value, so that it changes in place.
const hllGrowth = 8

// editHLL finds the key, or creates it, and lets f change its value: f may return another slice. What f has changed
// counts even if it returns an error.
func (c *Ctx) editHLL(key []byte, f func(b []byte, created bool) ([]byte, error)) error {
	k, err := c.FindForWrite(key, store.String)
	if err != nil {
		return err
	}
	created := !k.Exists()
	if created {
		var room [32]byte
		b := hll.New(room[:0])
		copy(k.Set(key, store.String, store.Raw, len(b), 0), b)
	} else if err := checkHLL(&k); err != nil {
		return err
	}
	k.SetEncoding(store.Raw)
	old := k.Bytes()
	k.Changing(0, len(old))
	if !hll.IsDense(old) {
		old = k.Reserve(len(old) + hllGrowth)
	}
	b, err := f(old, created)
	switch {
	case &b[0] != &old[0]:
		copy(k.Resize(len(b), false), b)
	case len(b) != len(old):
		k.SetLen(len(b))
	}
	return hllError(err)
}

func pfaddCommand(c *Ctx) error {
	changed := false
	err := c.editHLL(c.Args[1], func(b []byte, created bool) (_ []byte, err error) {
		if created {
			hll.Invalidate(b)
			changed = true
		}
		for _, elem := range c.Args[2:] {
			var raised bool
			if b, raised, err = hll.Add(b, elem, c.sparseMax()); err != nil {
				break
			}
			changed = changed || raised
		}
		return b, err
	})
	if changed {
		c.Changed(ClassString, "pfadd", c.Args[1])
	}
	if err != nil {
		return err
	}
	c.replyFlag(changed)
	return nil
}

func (c *Ctx) sparseMax() int { return int(c.S.Config.HllSparseMaxBytes) }

// pfcountCommand keeps the count of a single key in its value, which is a change that is logged.
func pfcountCommand(c *Ctx) error {
	if len(c.Args) > 2 {
		return c.countUnion()
	}
	key := c.Args[1]
	k, err := c.findHLL(key)
	if err != nil {
		return err
	}
	if !k.Exists() {
		c.Out.Int(0)
		return nil
	}
	k.SetEncoding(store.Raw)
	n, ok := hll.Cached(k.Bytes())
	if !ok {
		if n, err = hll.Count(k.Bytes()); err != nil {
			return hllError(err)
		}
		k := c.DB.FindForWrite(key)
		hll.SetCached(k.Bytes(), n)
		c.Changed(ClassString, "", key)
	}
	c.Out.Int(int64(n))
	return nil
}

// mergeHLLs collects the registers of all named keys and reports whether one of them is dense.
func (c *Ctx) mergeHLLs(keys [][]byte, r *hll.Registers) (dense bool, err error) {
	for _, key := range keys {
		k, err := c.findHLL(key)
		if err != nil {
			return false, err
		}
		if !k.Exists() {
			continue
		}
		if err := r.Merge(k.Bytes()); err != nil {
			return false, hllError(err)
		}
		dense = dense || hll.IsDense(k.Bytes())
	}
	return dense, nil
}

// countUnion is PFCOUNT of several keys.
func (c *Ctx) countUnion() error {
	var r hll.Registers
	if _, err := c.mergeHLLs(c.Args[1:], &r); err != nil {
		return err
	}
	c.Out.Int(int64(r.Count()))
	return nil
}

func pfmergeCommand(c *Ctx) error {
	var r hll.Registers
	dense, err := c.mergeHLLs(c.Args[1:], &r)
	if err != nil {
		return err
	}
	if err := c.editHLL(c.Args[1], func(b []byte, _ bool) ([]byte, error) {
		return r.MergeInto(b, dense, c.sparseMax())
	}); err != nil {
		return err
	}
	c.Changed(ClassString, "pfadd", c.Args[1])
	c.Out.OK()
	return nil
}

func pfdebugCommand(c *Ctx) error {
	k, err := c.Find(c.Args[2], store.String)
	switch {
	case err != nil:
		return err
	case !k.Exists():
		return resp.ErrKeyMissing
	}
	if err := checkHLL(&k); err != nil {
		return err
	}
	dense := hll.IsDense(k.Bytes())
	switch sub := c.Args[1]; {
	case isToken(sub, "GETREG"):
		return c.replyRegisters()
	case isToken(sub, "DECODE"):
		if dense {
			return resp.ErrHLLNotSparse
		}
		c.Out.Bulk(hll.Decode(nil, k.Bytes()))
	case isToken(sub, "ENCODING"):
		if dense {
			c.Out.Status("dense")
		} else {
			c.Out.Status("sparse")
		}
	case isToken(sub, "TODENSE"):
		if err := c.makeDense(); err != nil {
			return err
		}
		c.replyFlag(!dense)
	default:
		return resp.ErrUnknownPfdebug(sub)
	}
	return nil
}

// makeDense turns the value of the key Args[2] into a dense one.
func (c *Ctx) makeDense() error {
	changed := false
	err := c.editHLL(c.Args[2], func(b []byte, _ bool) ([]byte, error) {
		changed = !hll.IsDense(b)
		return hll.ToDense(b)
	})
	if err == nil && changed {
		c.Changed(ClassString, "", c.Args[2])
	}
	return err
}

// replyRegisters writes all registers; the value is dense afterwards, as in Redis.
func (c *Ctx) replyRegisters() error {
	if err := c.makeDense(); err != nil {
		return err
	}
	var r hll.Registers
	if _, err := c.mergeHLLs(c.Args[2:3], &r); err != nil {
		return err
	}
	c.Out.Array(len(r))
	for _, n := range r {
		c.Out.Int(int64(n))
	}
	return nil
}

// selfTestElements takes the loop a tenth of a second.
const selfTestElements = 1_000_000

func pfselftestCommand(c *Ctx) error {
	if err := hll.SelfTest(c.S.Store.Rand, c.sparseMax(), selfTestElements); err != nil {
		return resp.Error(err.Error())
	}
	c.Out.OK()
	return nil
}
