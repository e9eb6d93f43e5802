package routing_test

import (
	"testing"
	"time"

	"github.com/switchboard-go/switchboard/conversation"
	"github.com/switchboard-go/switchboard/routing"
)

func TestMeetsAndLevel(t *testing.T) {
	type skills = map[conversation.Skill]int
	type needs = []conversation.Need
	tests := []struct {
		name   string
		skills skills
		needs  needs
		meets  bool
		level  int
	}{
		{"nothing needed", skills{"czech": 9}, nil, true, 0},
		{"no skills, nothing needed", nil, needs{}, true, 0},
		{"no skills", nil, needs{{Skill: "czech", Level: 1}}, false, 0},
		{"exactly", skills{"czech": 5}, needs{{Skill: "czech", Level: 5}}, true, 5},
		{"one too low", skills{"czech": 4}, needs{{Skill: "czech", Level: 5}}, false, 4},
		{"more than needed counts", skills{"czech": 9, "billing": 7, "german": 10},
			needs{{Skill: "czech", Level: 5}, {Skill: "billing", Level: 7}}, true, 16},
		{"one of two is missing", skills{"czech": 9}, needs{{Skill: "czech", Level: 5}, {Skill: "billing", Level: 1}}, false, 9},
		{"a dropped need", skills{"czech": 9}, needs{{Skill: "czech", Level: 5}, {Skill: "billing", Level: 0}}, true, 9},
		{"a dropped need that the agent has", skills{"czech": 9, "billing": 2}, needs{{Skill: "billing", Level: 0}}, true, 0},
		{"steps do not count by themselves", skills{"czech": 1},
			needs{{Skill: "czech", Level: 5, Steps: []conversation.Relax{{After: time.Second, Level: 1}}}}, false, 1},
	}
	for _, tt := range tests {
		if got := routing.Meets(tt.skills, tt.needs); got != tt.meets {
			t.Errorf("%s: Meets = %t, want %t", tt.name, got, tt.meets)
		}
		if got := routing.Level(tt.skills, tt.needs); got != tt.level {
			t.Errorf("%s: Level = %d, want %d", tt.name, got, tt.level)
		}
	}
}
