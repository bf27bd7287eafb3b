// Package geo is the arithmetic behind the GEO commands: places as 52-bit scores
// of a sorted set, distances, and the score ranges that a search has to look at.
//
// A score interleaves 26 bits of latitude (even bits) and longitude (odd bits),
// each a fraction of its range. So a prefix of 2*step bits names a cell of a grid
// of 2^step by 2^step, all places in a cell are one range of scores, and a search
// reads the cell of its centre and those of the eight around it that it touches,
// at the finest step whose cells are large enough.
//
// Results are Redis's to the last digit that it shows, so formulas keep its order
// of operations; float64() around products forbids fused multiply-add, which would
// round differently on some machines.
package geo

import "math"

const (
	// Limits of coordinates, in degrees: the square that Web Mercator maps.
	LonMax = 180.0
	LatMax = 85.05112878

	stepMax = 26 // bits per coordinate in a score

	earthRadius = 6372797.560856 // metres
	mercatorMax = 20037726.37    // metres, half the width of the map
	degree      = math.Pi / 180
)

// Point is a place in degrees.
type Point struct{ Lon, Lat float64 }

// Valid reports whether a score can be made of p.
func (p Point) Valid() bool {
	return p.Lon >= -LonMax && p.Lon <= LonMax && p.Lat >= -LatMax && p.Lat <= LatMax
}

// Score returns the sorted set score of a valid point: an integer below 2^52, except
// on the map's eastern and northern edges, where it needs two bits more.
func (p Point) Score() float64 { return float64(cellAt(p, LatMax, stepMax).bits) }

// FromScore returns the middle of the smallest cell, for any score.
func FromScore(score float64) Point {
	a := cell{scoreBits(score), stepMax}.area()
	return Point{
		Lon: max(min((a.lonMin+a.lonMax)/2, LonMax), -LonMax),
		Lat: max(min((a.latMin+a.latMax)/2, LatMax), -LatMax),
	}
}

// scoreBits converts to an integer as C compilers do on amd64, for scores that GEOADD
// never made as well.
func scoreBits(score float64) uint64 {
	switch {
	case score >= -1<<63 && score < 1<<63:
		return uint64(int64(score))
	case score >= 1<<64:
		return 0
	case score >= 1<<63:
		return uint64(int64(score-1<<63)) | 1<<63
	}
	return 1 << 63
}

// AppendHash appends the standard 11-character geohash of a score's place. It has
// latitudes up to 90 degrees, and so other bits.
func AppendHash(dst []byte, score float64) []byte {
	const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"
	bits := cellAt(FromScore(score), 90, stepMax).bits
	for shift := 2*stepMax - 5; shift > 0; shift -= 5 {
		dst = append(dst, alphabet[bits>>shift&31])
	}
	return append(dst, '0') // two bits are left, which Redis does not show
}

// Distance returns metres between two places, on a sphere (haversine formula).
func Distance(a, b Point) float64 { return placeOf(a).distance(placeOf(b)) }

// place is a Point in radians.
type place struct{ lat, lon, cosLat float64 }

func placeOf(p Point) place {
	lat := p.Lat * degree
	return place{lat, p.Lon * degree, cos(lat)}
}

func (a place) distance(b place) float64 { return 2 * earthRadius * asin(halfChord(a, b)) }

// halfChord returns half the length of the straight line between two places, in
// earth radii. It is the sine of half their distance.
func halfChord(a, b place) float64 {
	u := sin((b.lat - a.lat) / 2)
	v := sin((b.lon - a.lon) / 2)
	return math.Sqrt(float64(u*u) + float64(float64(float64(a.cosLat*b.cosLat)*v)*v))
}

// cell is a square of the grid of 2^step by 2^step: the first 2*step bits of its
// scores. Step 0 is no cell.
type cell struct {
	bits uint64
	step uint
}

// area is what a cell covers, in degrees.
type area struct{ lonMin, lonMax, latMin, latMax float64 }

// cellAt returns the cell that p is in, where latitudes go up to latMax.
func cellAt(p Point, latMax float64, step uint) cell {
	lat := (p.Lat + latMax) / (latMax + latMax)
	lon := (p.Lon + LonMax) / (LonMax + LonMax)
	scale := float64(uint64(1) << step)
	return cell{spread(uint32(uint64(lat*scale))) | spread(uint32(uint64(lon*scale)))<<1, step}
}

func (c cell) area() area {
	lat, lon := squash(c.bits), squash(c.bits>>1)
	part := 1 / float64(uint64(1)<<c.step) // exact, as a power of two
	edge := func(i uint32, limit float64) float64 {
		return -limit + float64(float64(i)*part*(limit+limit))
	}
	return area{edge(lon, LonMax), edge(lon+1, LonMax), edge(lat, LatMax), edge(lat+1, LatMax)}
}

// neighbour returns the cell dx to the east and dy to the north, each -1, 0 or 1.
// The grid wraps round at its edges. A coordinate that does not move keeps a bit too
// many, which a point on the map's very edge has.
func (c cell) neighbour(dx, dy int) cell {
	const evens, odds = 0x5555555555555555, 0xAAAAAAAAAAAAAAAA
	unused := 64 - 2*c.step
	x := move(c.bits&odds, dx, odds>>unused, evens>>unused)
	y := move(c.bits&evens, dy, evens>>unused, odds>>unused)
	return cell{x | y, c.step}
}

// move adds d to a coordinate in its own bits. The carry runs across the other
// coordinate's: they are set to add, clear to subtract.
func move(v uint64, d int, own, other uint64) uint64 {
	switch d {
	case 1:
		return (v + other + 1) & own
	case -1:
		return ((v | other) - (other + 1)) & own
	}
	return v
}

// spread moves bit i to bit 2i.
func spread(i uint32) uint64 {
	w := uint64(i)
	w = (w | w<<16) & 0x0000FFFF0000FFFF
	w = (w | w<<8) & 0x00FF00FF00FF00FF
	w = (w | w<<4) & 0x0F0F0F0F0F0F0F0F
	w = (w | w<<2) & 0x3333333333333333
	return (w | w<<1) & 0x5555555555555555
}

// squash moves bit 2i to bit i and drops the others.
func squash(w uint64) uint32 {
	w &= 0x5555555555555555
	w = (w | w>>1) & 0x3333333333333333
	w = (w | w>>2) & 0x0F0F0F0F0F0F0F0F
	w = (w | w>>4) & 0x00FF00FF00FF00FF
	w = (w | w>>8) & 0x0000FFFF0000FFFF
	return uint32(w | w>>16)
}
