package arena

const (
	evacBuckets  = 5     // spans below 5/8 full may be evacuated
	evacSpansMax = 16384 // per BeginDefrag, which takes some 50 ns for each
)

// BeginDefrag picks the sparsest spans of each class, as many as the free slots
// of the others can take in, and retires them: nothing is allocated from them
// until EndDefrag. It returns their number. The owner then walks its records
// and moves those that Sparse names. Calling it again chooses anew.
func (a *Arena) BeginDefrag() int {
	a.EndDefrag()
	for i := range a.classes {
		a.evacuateClass(&a.classes[i])
	}
	return a.evacCount
}

// EndDefrag puts spans that were not emptied back into use.
func (a *Arena) EndDefrag() {
	for a.evacuees != 0 {
		id := a.evacuees
		a.unevacuate(id)
		a.list(&a.classes[a.spans[id].class], id)
	}
}

// Sparse tells whether slot r is in a span being emptied, so that its owner
// should move it: Alloc, copy, Free.
func (a *Arena) Sparse(r Ref) bool {
	if a.evacCount == 0 {
		return false
	}
	e := a.pageMap[r>>pageRefShift]
	return e&classMask < classCount && a.spans[e>>classBits].bucket == evacuated
}

// evacuateClass retires spans of c, when a sixteenth of them can be regained.
func (a *Arena) evacuateClass(c *class) {
	slots := int64(c.slots)
	gain := c.spans - (c.live+slots-1)/slots
	if gain < 2 || gain < c.spans/16 {
		return
	}
	room := c.spans*slots - c.live // free slots of spans that stay, less those needed
	for b := range evacBuckets {
		for c.lists[b] != 0 && a.evacCount < evacSpansMax {
			id := c.lists[b]
			if room -= slots; room < 0 { // its free slots go, its live ones need some
				return
			}
			a.unlist(c, id)
			s := &a.spans[id]
			s.bucket, s.mark = evacuated, 0
			a.push(&a.evacuees, id)
			a.evacCount++
		}
	}
}

// unevacuate takes a span out of the list of those being emptied.
func (a *Arena) unevacuate(id uint32) {
	a.remove(&a.evacuees, id)
	a.spans[id].bucket = noBucket
	a.evacCount--
}
