// Command hello greets.
package main

import (
	"fmt"
	"os"

	"example.invalid/hello/greet"
)

func main() {
	name := "World"
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	fmt.Println(greet.Greeting(name))
}
