// Package greet makes greetings.
package greet

// Greeting greets somebody by name, and the world when there is no name.
func Greeting(name string) string {
	if name == "" {
		name = "World"
	}
	return "Hello, " + name + "!"
}
