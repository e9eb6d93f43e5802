package floor

// marks says for each slot of an open-addressed table how far what is there is from
// its home, where it would be alone, and eight more bits of its hash. Whoever looks
// for somebody passes over what has another home or other bits, and whoever takes one
// out moves others up, without looking at them: in a large table that is to fetch
// each from far away.
type marks []mark

// mark is one of these: the hash above, the distance below, counted from 1. It is 0
// for a free slot.
type mark uint16

// farthest stands for itself and all that is farther.
const farthest = 255

// markOf is the mark of what is so many places from its home.
func markOf(distance int, hash byte) mark {
	return mark(min(distance+1, farthest)) | mark(hash)<<8
}

// further is the mark of the same one at the next place.
func (m mark) further() mark {
	if m&0xff < farthest {
		m++
	}
	return m
}

// home returns the slot at home of what is in slot i of a table with that mask;
// false when it is too far for the mark to say.
func (m mark) home(i, mask int) (int, bool) {
	d := int(m & 0xff)
	return (i - d + 1) & mask, d < farthest
}

// movedTo is the mark of the same one at that distance from its home.
func (m mark) movedTo(distance int) mark { return markOf(distance, byte(m>>8)) }
