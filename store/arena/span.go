package arena

import "math"

const (
	stateUnused = iota // the id waits in the list of free ids
	stateSlab
	stateLarge
	stateFree // a run of free pages
)

const noMark = math.MaxUint32

// span describes a slab, a large run or a run of free pages. One fills a cache
// line.
type span struct {
	free  Ref // first freed slot; each holds the Ref of the next
	fresh Ref // next slot never handed out
	limit Ref // end of the fresh slots whose pages are accounted for

	page  uint32 // first page
	pages uint32
	used  uint32 // slots in use
	mark  uint32 // Free calls drained when used falls to this
	next  uint32 // neighbours in whatever list it is in, or 0
	prev  uint32
	dirty uint32 // of a free run: resident pages

	class  uint8
	bucket uint8 // list of its class, noBucket or evacuated
	state  uint8
}

// push puts span id at the front of a list.
func (a *Arena) push(head *uint32, id uint32) {
	s := &a.spans[id]
	s.prev, s.next = 0, *head
	if s.next != 0 {
		a.spans[s.next].prev = id
	}
	*head = id
}

// remove takes span id out of a list.
func (a *Arena) remove(head *uint32, id uint32) {
	s := &a.spans[id]
	if s.next != 0 {
		a.spans[s.next].prev = s.prev
	}
	if s.prev != 0 {
		a.spans[s.prev].next = s.next
	} else {
		*head = s.next
	}
	s.next, s.prev = 0, 0
}

// newSpan returns an unused id.
func (a *Arena) newSpan() uint32 {
	h := &a.heap
	if id := h.spareIDs; id != 0 {
		h.spareIDs = a.spans[id].next
		a.spans[id] = span{}
		return id
	}
	id := h.nextID
	if int(id) >= len(a.spans) {
		panic("arena: out of memory: too many spans")
	}
	a.tables[1].commit((int64(id) + 1) * spanSize)
	h.nextID++
	return id
}

// recycleSpan makes an id available again.
func (a *Arena) recycleSpan(id uint32) {
	a.spans[id] = span{next: a.heap.spareIDs}
	a.heap.spareIDs = id
}
