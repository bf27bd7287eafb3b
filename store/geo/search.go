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

// Finder tells for one shape which places are in it.
//
// Most places are far from its edge, where nine digits decide. Compared are squares
// of half chords (see halfChord), which grow with the distance: that takes neither
// a root nor an arc sine. Near the edge Redis's formula decides, to its last bit.
type Finder struct {
	shape  Shape
	center place
	apart  limits // between the parallels, in radians
	chord  limits // the square of half the chord; of a box, along the parallel only
}

// limits says that below inside a place is in the shape, and above outside it is not.
type limits struct{ inside, outside float64 }

// Finder returns a Finder for the shape.
func (s *Shape) Finder() Finder {
	f := Finder{shape: *s, center: placeOf(s.Center)}
	width, height := s.Radius*s.Unit, s.Radius*s.Unit
	f.apart.inside = math.Inf(1)
	if s.Box {
		width, height = s.Width*s.Unit/2, s.Height*s.Unit/2
		f.apart.inside = less(height / earthRadius)
	}
	f.apart.outside = more(height / earthRadius)
	half := sin(min(width/earthRadius/2, halfPi))
	f.chord = limits{math.Copysign(less(half)*less(half), less(half)), more(half) * more(half)}
	return f
}

// less and more move a limit by more than the errors of the approximation and of rounding.
func less(x float64) float64 { return x*(1-1e-7) - 1e-11 }
func more(x float64) float64 { return x*(1+1e-7) + 1e-11 }

// Contains reports whether p is in the shape.
func (f *Finder) Contains(p Point) bool {
	lat, lon := p.Lat*degree, p.Lon*degree
	apart := math.Abs(lat - f.center.lat)
	if apart > f.apart.outside {
		return false
	}
	cosLat := 1 - 2*sinSquare(lat/2)
	chord := cosLat * sinSquare((lon-f.center.lon)/2)
	if f.shape.Box {
		chord *= cosLat
	} else {
		chord = chord*f.center.cosLat + sinSquare(apart/2)
	}
	switch {
	case chord > f.chord.outside:
		return false
	case chord < f.chord.inside && apart < f.apart.inside:
		return true
	}
	return f.shape.contains(p)
}

// contains is Contains to the last bit.
func (s *Shape) contains(p Point) bool {
	if !s.Box {
		return Distance(s.Center, p) <= s.Radius*s.Unit
	}
	return Distance(p, Point{p.Lon, s.Center.Lat}) <= s.Height*s.Unit/2 &&
		Distance(p, Point{s.Center.Lon, p.Lat}) <= s.Width*s.Unit/2
}

// Distance returns metres from the shape's centre to p.
func (f *Finder) Distance(p Point) float64 { return f.center.distance(placeOf(p)) }

// sinSquare approximates the square of the sine to nine digits, for x from -pi to pi.
func sinSquare(x float64) float64 {
	if x = math.Abs(x); x > halfPi {
		x = math.Pi - x
	}
	x2 := x * x
	s := x * (1 - x2*(1.0/6-x2*(1.0/120-x2*(1.0/5040-x2*(1.0/362880-x2*(1.0/39916800-x2/6227020800))))))
	return s * s
}
