package rdb

// valueState is where the Reader is within a value.
type valueState struct {
	typ   byte
	count uint64 // as announced, never verified before the elements are there
	left  uint64 // items to come of the innermost sequence
	step  func(*Reader) (bool, error)
	zip   ziplist
	base  int64 // TypeHashExpiry: earliest expiry of the fields

	groups, consumers uint64 // of a stream, still to come
}

// Begin reads the type of the value in a payload and returns it.
func (r *Reader) Begin() (typ byte, err error) {
	typ, err = r.byte()
	if err != nil {
		return 0, err
	}
	if KindOf(typ) == NoKind {
		return typ, r.unknownType(typ)
	}
	return typ, r.begin(typ)
}

// Count returns how many elements, pairs or nodes the value claims to have; 0
// for packed encodings of old, which do not tell. It is a hint from outside:
// allocate nothing by it.
func (r *Reader) Count() uint64 { return r.value.count }

// NextItem reads the next part of the value into r.Item; false at its end.
func (r *Reader) NextItem() (bool, error) {
	if r.value.step == nil {
		return false, nil
	}
	ok, err := r.value.step(r)
	if !ok || err != nil {
		r.value.step = nil
		return false, err
	}
	return true, nil
}

// Skip reads to the end of the value.
func (r *Reader) Skip() error {
	for {
		if ok, err := r.NextItem(); !ok || err != nil {
			return err
		}
	}
}

// begin prepares for the items of a value of a known type.
func (r *Reader) begin(typ byte) (err error) {
	r.value = valueState{typ: typ, count: 1, left: 1}
	v := &r.value
	switch typ {
	case TypeString:
		v.step = (*Reader).stepString
		return nil
	case TypeSetIntset, TypeHashListpack, TypeZSetListpack, TypeSetListpack:
		v.step = (*Reader).stepBlob
		return nil
	case TypeHashZipmap, TypeListZiplist, TypeZSetZiplist, TypeHashZiplist:
		return r.beginZip()
	case TypeHashExpiry, TypeHashListpackExpiry:
		if v.base, err = r.millis(); err != nil {
			return err
		}
		if typ == TypeHashListpackExpiry {
			return r.beginExpiryListpack()
		}
	}
	if v.left, err = r.length(); err != nil {
		return err
	}
	v.count = v.left
	switch typ {
	case TypeList, TypeSet:
		v.step = (*Reader).stepElement
	case TypeHash, TypeHashExpiry:
		v.step = (*Reader).stepPair
	case TypeZSet, TypeZSetText:
		v.step = (*Reader).stepScored
	case TypeListNodes:
		v.step = (*Reader).stepNode
	case TypeListZipNodes:
		v.step, v.count = (*Reader).stepZipNode, 0
	default:
		v.step = (*Reader).stepStreamNode
	}
	return nil
}

// more counts down the items of a sequence.
func (r *Reader) more() bool {
	if r.value.left == 0 {
		return false
	}
	r.value.left--
	return true
}

func (r *Reader) stepString() (ok bool, err error) {
	if !r.more() {
		return false, nil
	}
	r.key, err = r.string(r.key)
	r.Item = Item{Op: ItemBytes, Key: r.key}
	return true, err
}

func (r *Reader) stepElement() (ok bool, err error) {
	if !r.more() {
		return false, nil
	}
	r.key, err = r.string(r.key)
	r.Item = Item{Op: ItemElement, Key: r.key}
	return true, err
}

func (r *Reader) stepPair() (ok bool, err error) {
	if !r.more() {
		return false, nil
	}
	expire := int64(0)
	if r.value.typ == TypeHashExpiry {
		if expire, err = r.fieldExpiry(); err != nil {
			return false, err
		}
	}
	if r.key, err = r.string(r.key); err != nil {
		return false, err
	}
	r.val, err = r.string(r.val)
	r.Item = Item{Op: ItemPair, Key: r.key, Val: r.val, Expire: expire}
	return true, err
}

// fieldExpiry reads an expiry: 0 for none, else the distance from the earliest
// one, plus one.
func (r *Reader) fieldExpiry() (int64, error) {
	n, err := r.length()
	if err != nil || n == 0 {
		return 0, err
	}
	at := uint64(r.value.base) + n - 1
	if r.value.base < 0 || n >= 1<<62 || at >= 1<<62 {
		return 0, r.corrupt("expiry of a field out of range")
	}
	return int64(at), nil
}

func (r *Reader) stepScored() (ok bool, err error) {
	if !r.more() {
		return false, nil
	}
	if r.key, err = r.string(r.key); err != nil {
		return false, err
	}
	r.Item = Item{Op: ItemScored, Key: r.key}
	if r.value.typ == TypeZSet {
		r.Item.Score, err = r.score()
	} else {
		r.Item.Score, err = r.textScore()
	}
	return true, err
}

func (r *Reader) stepBlob() (ok bool, err error) {
	if !r.more() {
		return false, nil
	}
	if r.key, err = r.string(r.key); err != nil {
		return false, err
	}
	r.Item = Item{Op: ItemListpack, Key: r.key}
	switch r.value.typ {
	case TypeSetIntset:
		r.Item.Op = ItemIntset
		err = CheckIntset(r.key)
	case TypeSetListpack:
		_, err = r.checkPacked(r.key, 1)
	case TypeHashListpack:
		_, err = r.checkPacked(r.key, 2)
	case TypeZSetListpack:
		_, err = r.checkPacked(r.key, 2)
		if err == nil {
			err = checkScores(r.key, r.opt.Deep)
		}
	}
	if err != nil {
		return false, r.corrupt("%v", err)
	}
	return true, nil
}

// checkPacked checks a listpack of groups of n entries, the first of which is
// the name of the group.
func (r *Reader) checkPacked(b []byte, n int) (count int, err error) {
	if count, err = CheckListpack(b); err != nil {
		return 0, err
	}
	if count%n != 0 {
		return 0, errOddEntries
	}
	if r.opt.Deep {
		err = r.dups.check(b, n)
	}
	return count, err
}

func (r *Reader) stepNode() (ok bool, err error) {
	for r.more() {
		container, err := r.length()
		if err != nil {
			return false, err
		}
		if r.key, err = r.string(r.key); err != nil {
			return false, err
		}
		switch container {
		case 1:
			r.Item = Item{Op: ItemPlain, Key: r.key}
			return true, nil
		case 2:
			r.Item = Item{Op: ItemListpack, Key: r.key}
			count, err := CheckListpack(r.key)
			if err != nil {
				return false, r.corrupt("%v", err)
			}
			if count > 0 { // an empty node may occur; Redis skips it too
				return true, nil
			}
		default:
			return false, r.corrupt("unknown container %d of a list node", container)
		}
	}
	return false, nil
}
