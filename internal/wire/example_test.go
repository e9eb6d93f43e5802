package wire_test

import (
	"fmt"
	"time"

	"github.com/switchboard-go/switchboard/internal/wire"
)

func ExampleRegistry() {
	type Offered struct {
		Conversation string        `json:"conversation"`
		Agent        string        `json:"agent"`
		For          time.Duration `json:"for"`
		Expires      time.Time     `json:"expires,omitzero"`
		Skills       []string      `json:"skills,omitempty"`
	}
	registry, err := wire.NewRegistry([]wire.Kind{
		{Name: "conversation.offered", Zero: Offered{}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	var body any = Offered{
		Conversation: "c1", Agent: "ann", For: 20 * time.Second,
		Expires: time.Date(2026, 3, 4, 5, 6, 27, 500e6, time.UTC),
	}
	kind, _ := registry.Kind(body)
	data, err := registry.NewEncoder().AppendBody(nil, body)
	fmt.Println(kind, err)
	fmt.Println(string(data))

	back, err := registry.NewDecoder().DecodeBody(kind, data)
	fmt.Println(back.(Offered).Agent, err)

	_, err = registry.NewDecoder().DecodeBody("conversation.cloned", data)
	fmt.Println(err)
	// Output:
	// conversation.offered <nil>
	// {"conversation":"c1","agent":"ann","for":20000000000,"expires":"2026-03-04T05:06:27.5Z"}
	// ann <nil>
	// wire: unknown kind "conversation.cloned"
}
