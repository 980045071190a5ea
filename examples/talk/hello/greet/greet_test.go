package greet

import "testing"

func TestGreeting(t *testing.T) {
	cases := map[string]string{
		"":      "Hello, World!",
		"World": "Hello, World!",
		"Go":    "Hello, Go!",
	}
	for name, want := range cases {
		if got := Greeting(name); got != want {
			t.Errorf("Greeting(%q) = %q, want %q", name, got, want)
		}
	}
}
