package resp

// aheadKeyMax is the longest argument that Ahead returns: it is for keys, not for scripts.
const aheadKeyMax = 256

// Ahead looks at the commands that Next will return, as many as keys has room for, without taking them. It stores the first argument of each
// that has one, which is a key as a rule, and returns how many it stored. It only looks as far as commands are complete, short
// and sent as arrays: what it returns is a hint. The arguments are borrowed like those of Next.
func (p *Parser) Ahead(keys [][]byte) int {
	f := p.f
	if f == nil || f.todo != 0 || f.err != nil {
		return 0
	}
	b := f.data[f.at:]
	found := 0
	for range keys {
		count, i := shortLen(b, 0, '*')
		for k := range count {
			n, from := shortLen(b, i, '$')
			if n < 0 {
				n, from = mediumLen(b, i)
			}
			if n < 0 || from+n+2 > len(b) {
				return found
			}
			if k == 1 && n <= aheadKeyMax {
				keys[found] = b[from : from+n : from+n]
				found++
			}
			i = from + n + 2
		}
		if count <= 0 {
			return found
		}
		b = b[i:]
	}
	return found
}
