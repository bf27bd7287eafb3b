package geo

import "math"

// Shape is what a search looks in: a circle or, if Box, a rectangle as wide and as
// high along the parallels and meridians.
type Shape struct {
	Center        Point
	Box           bool
	Radius        float64 // in units
	Width, Height float64 // in units
	Unit          float64 // metres per unit
}

// Range is scores from Min up to, not including, Max.
type Range struct{ Min, Max float64 }

// Ranges appends to dst the score ranges to look at, in Redis's order, which is
// the order of its unsorted replies.
func (s *Shape) Ranges(dst []Range) []Range {
	box := s.bounds()
	step := s.step()
	center, around := grid(s.Center, step)
	if step > 1 && !reaches(around, box) {
		step--
		center, around = grid(s.Center, step)
	}
	if step >= 2 {
		dropUseless(&around, center.area(), box)
	}
	dst = append(dst, center.scores())
	last := cell{}
	for _, c := range around {
		// With cells of a quarter of the map, neighbours on both sides are the same.
		if c.step == 0 || c == last {
			continue
		}
		dst = append(dst, c.scores())
		last = c
	}
	return dst
}

// scores returns the range of scores in c.
func (c cell) scores() Range {
	shift := 2 * (stepMax - c.step)
	return Range{float64(c.bits << shift), float64((c.bits + 1) << shift)}
}

// Places in the array of neighbours: the order in which they are searched.
const (
	north = iota
	south
	east
	west
	northEast
	northWest
	southEast
	southWest
)

// grid returns the cell of p and those around it.
func grid(p Point, step uint) (cell, [8]cell) {
	c := cellAt(p, LatMax, step)
	return c, [8]cell{
		north: c.neighbour(0, 1), south: c.neighbour(0, -1), east: c.neighbour(1, 0), west: c.neighbour(-1, 0),
		northEast: c.neighbour(1, 1), northWest: c.neighbour(-1, 1),
		southEast: c.neighbour(1, -1), southWest: c.neighbour(-1, -1),
	}
}

// bounds returns degrees that contain the shape.
func (s *Shape) bounds() area {
	height, width := s.Unit*s.Radius, s.Unit*s.Radius
	if s.Box {
		height, width = s.Unit*(s.Height/2), s.Unit*(s.Width/2)
	}
	p := s.Center
	lat := height / earthRadius / degree
	widest := p.Lat + lat // the parallel nearer to the pole is the one with the most degrees
	if p.Lat < 0 {
		widest = p.Lat - lat
	}
	lon := width / earthRadius / cos(widest*degree) / degree
	return area{p.Lon - lon, p.Lon + lon, p.Lat - lat, p.Lat + lat}
}

// step estimates the finest grid on which nine cells contain the shape.
func (s *Shape) step() uint {
	metres := s.Radius
	if s.Box {
		metres = math.Sqrt(float64((s.Width/2)*(s.Width/2)) + float64((s.Height/2)*(s.Height/2)))
	}
	metres *= s.Unit
	if metres == 0 {
		return stepMax
	}
	step := 1
	for metres < mercatorMax && step < 64 { // beyond 26 all are the same
		metres *= 2
		step++
	}
	step -= 2 // so that most shapes fit
	if lat := math.Abs(s.Center.Lat); lat > 80 {
		step -= 2
	} else if lat > 66 {
		step-- // degrees of longitude are short there
	}
	return uint(max(1, min(step, stepMax)))
}

// reaches reports whether the cells around the centre's extend to the bounds.
func reaches(around [8]cell, box area) bool {
	return around[north].area().latMax >= box.latMax && around[south].area().latMin <= box.latMin &&
		around[east].area().lonMax >= box.lonMax && around[west].area().lonMin <= box.lonMin
}

// dropUseless removes the sides on which the centre's cell contains the bounds.
func dropUseless(around *[8]cell, center, box area) {
	drop := func(sides ...int) {
		for _, i := range sides {
			around[i] = cell{}
		}
	}
	if center.latMin < box.latMin {
		drop(south, southWest, southEast)
	}
	if center.latMax > box.latMax {
		drop(north, northEast, northWest)
	}
	if center.lonMin < box.lonMin {
		drop(west, southWest, northWest)
	}
	if center.lonMax > box.lonMax {
		drop(east, southEast, northEast)
	}
}

// Contains reports whether p is in the shape, and its distance from the centre in
// metres if so.
//
// The exact formula ends in an arc sine, the dearest part. Bounds decide most
// places without it; margin leaves those near the edge to the formula.
func (s *Shape) Contains(p Point) (metres float64, ok bool) {
	apart := earthRadius * math.Abs(p.Lat*degree-s.Center.Lat*degree) // of the parallels
	if s.Box {
		return s.boxContains(p, apart)
	}
	radius := s.Radius * s.Unit
	if apart > margin(radius) {
		return 0, false
	}
	h := halfChord(s.Center, p)
	if 2*earthRadius*h > margin(radius) {
		return 0, false
	}
	metres = 2 * earthRadius * asin(h)
	return metres, metres <= radius
}

func (s *Shape) boxContains(p Point, apart float64) (metres float64, ok bool) {
	height, width := s.Height*s.Unit/2, s.Width*s.Unit/2
	if apart > margin(height) || margin(apart) > height && Distance(p, Point{p.Lon, s.Center.Lat}) > height {
		return 0, false
	}
	h := halfChord(p, Point{s.Center.Lon, p.Lat}) // along the parallel
	if 2*earthRadius*h > margin(width) {
		return 0, false
	}
	// An arc is at most pi/2 times as long as its chord.
	if margin(math.Pi*earthRadius*h) > width && 2*earthRadius*asin(h) > width {
		return 0, false
	}
	return Distance(s.Center, p), true
}

// margin is metres and more than any rounding error.
func margin(metres float64) float64 { return metres*(1+1e-9) + 1e-3 }
