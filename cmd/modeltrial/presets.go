package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"modeltrial/audit"
	"modeltrial/eval"
)

//go:embed modeltrial.yaml
var configTemplate []byte

//go:embed presets/specialists.yaml
var specialists []byte

// presets are the configurations that init writes.
var presets = map[string][]byte{"blank": configTemplate, "specialists": specialists}

func presetNames() string { return strings.Join(slices.Sorted(maps.Keys(presets)), ", ") }

// initOptions are what init is told or asks. An empty one leaves the preset's.
type initOptions struct {
	preset       string
	name         string
	weeks        string
	tasksPerWeek string
	budget       string
}

// given says whether the command line says anything.
func (o initOptions) given() bool { return o != initOptions{preset: "blank"} }

// plainName says whether a pilot may be called so, and needs no quotes in the file.
func plainName(name string) bool {
	for at, r := range name {
		if !unicode.IsLetter(r) && (r < '0' || r > '9') && (at == 0 || !strings.ContainsRune(" _.-", r)) {
			return false
		}
	}
	return true
}

const maxPilotName = 61 // characters

// The checks of the answers, the same for flags and questions.

func checkPreset(preset string) error {
	if presets[preset] == nil {
		return fmt.Errorf("there is no preset %q; choose one of %s", preset, presetNames())
	}
	return nil
}

func checkName(name string) error {
	if !plainName(name) {
		return fmt.Errorf("the name is %q; choose letters, digits, spaces and any of _ . -", name)
	}
	if utf8.RuneCountInString(name) > maxPilotName {
		return fmt.Errorf("the name is %q; choose one of at most %d characters", name, maxPilotName)
	}
	return nil
}

func checkNumber(what string, most int) func(string) error {
	return func(text string) error {
		if n, err := strconv.Atoi(text); text != "" && (err != nil || n < 1 || n > most) {
			return fmt.Errorf("%s is %q; choose 1 to %d", what, text, most)
		}
		return nil
	}
}

func checkBudget(text string) error {
	if amount, err := audit.ParseUSD(text); text != "" && (err != nil || amount < 0) {
		return fmt.Errorf("the budget is %q; write an amount in dollars, such as 25 or 0.50", text)
	}
	return nil
}

const (
	mostWeeks = 52
	mostTasks = 100_000
)

func (o initOptions) check() error {
	checks := []error{
		checkPreset(o.preset), checkName(o.name), checkNumber("--weeks", mostWeeks)(o.weeks),
		checkNumber("--tasks-per-week", mostTasks)(o.tasksPerWeek), checkBudget(o.budget),
	}
	for _, err := range checks {
		if err != nil {
			return usagef("%v", err)
		}
	}
	return nil
}

// config is the preset's file with the answers in it, in lines that are comments too.
func (o initOptions) config() ([]byte, error) {
	text := presets[o.preset]
	for field, value := range map[string]string{"name": o.name, "weeks": o.weeks, "tasks_per_week": o.tasksPerWeek, "budget_usd": o.budget} {
		if value == "" {
			continue
		}
		if field == "budget_usd" {
			value = strconv.Quote(value)
		}
		line := regexp.MustCompile(`(?m)^((?:# )?  ` + field + `: )(?:"[^"]*"|[^\s#]+)`)
		if len(line.FindAllIndex(text, -1)) != 1 {
			return nil, fmt.Errorf("the preset %s has no line of its own for %s", o.preset, field)
		}
		text = line.ReplaceAll(text, []byte("${1}"+value))
	}
	_, err := eval.ParseConfig(configName, text)
	return bytes.Clone(text), err
}
