package store

// objectTable gives objects the numbers that records hold. It grows by a chunk at a time, because a slice of all of them would have
// to be copied now and then, and a chunk without objects is given up.
type objectTable struct {
	chunks []*objectChunk
	room   []uint32 // numbers of the chunks with free places, those that are nil included
}

const chunkObjects = 1024

// objectChunk holds objects, and its free places as a stack.
type objectChunk struct {
	objects [chunkObjects]Object
	free    [chunkObjects]uint16
	frees   int
}

func newObjectChunk() *objectChunk {
	c := &objectChunk{frees: chunkObjects}
	for i := range c.free {
		c.free[i] = uint16(chunkObjects - 1 - i)
	}
	return c
}

func (t *objectTable) add(o Object) uint32 {
	if len(t.room) == 0 {
		t.room = append(t.room, uint32(len(t.chunks)))
		t.chunks = append(t.chunks, nil)
	}
	last := len(t.room) - 1
	n := t.room[last]
	c := t.chunks[n]
	if c == nil {
		c = newObjectChunk()
		t.chunks[n] = c
	}
	c.frees--
	i := c.free[c.frees]
	c.objects[i] = o
	if c.frees == 0 {
		t.room = t.room[:last]
	}
	return n*chunkObjects + uint32(i)
}

func (t *objectTable) get(h uint32) Object { return t.chunks[h/chunkObjects].objects[h%chunkObjects] }

func (t *objectTable) remove(h uint32) {
	n := h / chunkObjects
	c := t.chunks[n]
	c.objects[h%chunkObjects] = nil
	c.free[c.frees] = uint16(h % chunkObjects)
	c.frees++
	switch c.frees {
	case 1:
		t.room = append(t.room, n)
	case chunkObjects:
		t.chunks[n] = nil
	}
}
