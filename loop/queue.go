package loop

// queue holds output the kernel did not take yet, in chunks, so that growing
// never copies and memory goes back as it is written.
type queue struct {
	chunks [][]byte // the first is partly written
	done   int      // bytes written of the first
	size   int      // bytes unwritten
}

const (
	chunkBytesMin = 4 << 10
	chunkBytesMax = 256 << 10
)

// push copies p to the end.
func (q *queue) push(p []byte) {
	q.size += len(p)
	if n := len(q.chunks); n > 0 {
		last := q.chunks[n-1]
		k := min(len(p), cap(last)-len(last))
		q.chunks[n-1] = append(last, p[:k]...)
		p = p[k:]
	}
	for len(p) > 0 {
		size := chunkBytesMin
		if n := len(q.chunks); n > 0 {
			size = 2 * cap(q.chunks[n-1])
		}
		size = min(max(size, len(p)), chunkBytesMax)
		k := min(len(p), size)
		q.chunks = append(q.chunks, append(make([]byte, 0, size), p[:k]...))
		p = p[k:]
	}
}

// front is the first stretch of unwritten bytes; it is valid until the next call.
func (q *queue) front() []byte {
	if len(q.chunks) == 0 {
		return nil
	}
	return q.chunks[0][q.done:]
}

// pop drops n bytes of the front.
func (q *queue) pop(n int) {
	q.size -= n
	q.done += n
	if q.done < len(q.chunks[0]) {
		return
	}
	q.done = 0
	q.chunks[0] = nil
	q.chunks = q.chunks[1:]
	if len(q.chunks) == 0 {
		q.chunks = nil
	}
}

func (q *queue) clear() { *q = queue{} }
