package fold_test

import (
	"fmt"

	"github.com/switchboard-go/switchboard/internal/fold"
)

func Example() {
	names := []string{"Jiří Růžička", "Søren Groß", "Nguyễn Thị Hương"}
	for _, query := range []string{"ruzicka", "gross sor", "HUONG"} {
		for _, name := range names {
			if fold.Match(fold.String(name), query) {
				fmt.Println(query, "->", name)
			}
		}
	}
	// Output:
	// ruzicka -> Jiří Růžička
	// gross sor -> Søren Groß
	// HUONG -> Nguyễn Thị Hương
}
