"""Small templates of every construct, for make_jinja_fixtures.py."""

VALUES = {
    "text": "Hello, wörld", "empty": "", "blank": "  a b  \n", "number": 7, "half": 2.5,
    "yes": True, "nothing": None, "numbers": [3, 1, 2], "mixed": ["b", "A", "c", "B"],
    "people": [{"name": "Ann", "age": 31, "tags": ["x", "y"]}, {"name": "bob", "age": 25},
               {"name": "Cy", "age": 31, "city": {"name": "Rome"}}],
    "map": {"b": 1, "a": [1, 2.0, None, True, "q'\"\n"], "items": "own", "é": "ü"},
    "deep": [[1, [2, 3]], [4]], "lines": "one\ntwo\r\n\nfour", "sum": 1e16, "small": 0.00001,
    "third": 0.1, "emoji": "a🙂e\u0301b", "nested": {"x": {"y": [10, {"z": "deep"}]}},
}

EXPRESSIONS = """
number + 1
number - 10
number * 2.5
number / 2
number // 2
-number // 2
number % 3
-number % 3
number ** 2
2 ** -1
2 ** 3 ** 2
-2 ** 2
7.5 // 2
7.5 % 2
-7.5 % 2
1 / 3
0.1 + 0.2
1e16
1e22
123456789012345680.0
1.5e-7
sum
small
third
half + 1
yes + 1
number ~ text ~ nothing
"a" "b"
'it\\'s' ~ "\\n\\t\\x41\\u00e9\\\\"
"a" + "b"
"ab" * 3
3 * "ab"
[1] + [2, 3]
[0] * 3
(1, 2) + (3,)
(1,)
()
[]
{}
{"a": 1, "b": [true, none]}
{'k': {'n': 1.0}}["k"]["n"]
true and false or true
not true
not not number
number > 3 and number < 10
1 < 2 < 3
1 < 2 > 5
1 == 1.0
"a" == "a"
"a" != "b"
none == none
undefinedthing == otherthing
yes == 1
[1, 2] == [1, 2]
(1, 2) == [1, 2]
"b" < "a"
[1, 2] < [1, 3]
3 in numbers
4 not in numbers
"ell" in text
"a" in map
"é" in map
"x" in missing
number if yes else "no"
number if not yes else "no"
number if not yes
"a" if yes
missing
missing.attribute
missing["item"]
missing.a.b
map.b
map["a"]
map["items"]
map.nothere
map.nothere.deeper
map.get("b")
map.get("zz")
map.get("zz", 5)
map.keys() | list
map.values() | list
map.items() | list
map.pop("b")
numbers.append(1)
map.update({})
numbers[0]
numbers[-1]
numbers[10]
numbers[1:]
numbers[:-1]
numbers[::-1]
numbers[::2]
numbers[5:]
numbers[-2:]
text[1]
text[-1]
text[7:]
text[::-1]
text[:5]
text[1:8:3]
emoji[1]
emoji | length
emoji[::-1]
numbers.0
deep[0][1][0]
nested.x.y[1].z
nested["x"]["y"][0]
text.upper()
text.lower()
text.title()
text.capitalize()
text.swapcase2()
text.split()
text.split(", ")
text.split("l", 1)
text.rsplit("l", 1)
"a,b,,c".split(",")
"".split(",")
"  a  b ".split()
"  a  b c ".split(none, 1)
lines.splitlines()
lines.splitlines(true)
blank.strip()
blank.lstrip()
blank.rstrip()
"xxaxx".strip("x")
"xyaxy".lstrip("xy")
"</think>abc".split("</think>")[-1]
"a</think>b".split("</think>")[0].rstrip("\\n")
text.startswith("Hell")
text.startswith(("x", "H"))
text.endswith("rld")
text.replace("l", "L")
text.replace("l", "L", 1)
"aaa".replace("", "-")
text.find("w")
text.find("zz")
text.rfind("l")
text.index("w")
text.index("zz")
text.count("l")
"".join(["a", "b"])
", ".join(mixed)
"-".join([1])
"a-b-c".partition("-")
"a-b-c".rpartition("-")
"abc".partition("-")
"5".zfill(3)
"-5".zfill(4)
"ab".center(7, "*")
"ab".ljust(4) ~ "|"
"ab".rjust(4) ~ "|"
"abc".removeprefix("a")
"abc".removesuffix("c")
"12".isdigit()
"ab1".isalnum()
"ab".isalpha()
" ".isspace()
"AB".isupper()
"ab".islower()
"{} and {}".format(1, "b")
"{1}-{0}-{x}".format(1, 2, x=3)
"{{}}".format()
"%s is %d" % ("a", 5)
"%05.2f|%x|%5s|%-5s|" % (3.14159, 255, "ab", "cd")
"%s" % none
"%r" % "a'b"
"%s%%" % 5
text | upper
text | lower
text | title
"hello-world (foo) it's" | title
"hELLO wORLD" | capitalize
blank | trim
"xxaxx" | trim("x")
none | trim
missing | trim
text | length
numbers | count
none | length
numbers | first
numbers | last
[] | first
"abc" | first
numbers | sort
mixed | sort
mixed | sort(case_sensitive=true)
mixed | sort(reverse=true)
people | sort(attribute="age") | map(attribute="name") | list
people | map(attribute="name") | join(", ")
people | map(attribute="city.name", default="?") | list
people | map(attribute="tags.0") | list
mixed | map("upper") | list
mixed | map("replace", "b", "d") | join
people | selectattr("age", "equalto", 31) | map(attribute="name") | list
people | selectattr("age", ">", 30) | list | length
people | selectattr("city") | map(attribute="name") | list
people | selectattr("city", "defined") | map(attribute="name") | list
people | rejectattr("age", "eq", 31) | map(attribute="name") | list
numbers | select("odd") | list
numbers | reject("gt", 1) | list
numbers | select | list
numbers | sum
people | sum(attribute="age")
numbers | max
numbers | min
mixed | max
people | min(attribute="age")
mixed | unique | list
mixed | join("-")
numbers | join
people | join(", ", attribute="name")
numbers | reverse | list
"abc" | reverse
map | dictsort
map | items | list | length
{"b": 1, "A": 2} | dictsort
{"b": 1, "a": 2} | dictsort(by="value")
{"b": 1, "a": 2} | dictsort(reverse=true)
people | groupby("age") | map("first") | list
people | groupby("age") | length
numbers | batch(2) | list
numbers | batch(2, 0) | list
numbers | slice(2) | map("list") | list
"a b  c" | wordcount
"long text that is cut somewhere" | truncate(12)
"long text that is cut somewhere" | truncate(12, true)
"long text" | truncate(8, leeway=0)
"a\\nb\\n\\nc" | indent
"a\\nb\\n\\nc" | indent(2, true)
"a\\nb\\n\\nc" | indent(2, blank=true)
"a\\nb" | indent("> ")
"ab" | center(6)
3.14159 | round(2)
2.5 | round
3.5 | round
1.25 | round(1)
2.4 | round(0, "ceil")
2.6 | round(0, "floor")
1234.5 | round(-2)
7 | round
"42" | int
"4x" | int
"4x" | int(9)
"0x1f" | int(base=16)
"3.7" | int
3.99 | int
"2.5" | float
"x" | float
"x" | float(1.5)
-5 | abs
2.5 | abs
number | string
none | string
true | string
missing | default("d")
empty | default("d")
empty | default("d", true)
nothing | default("d")
nothing | default("d", boolean=true)
missing | d("e")
"<a href='x'>&\\"</a>" | escape
"<b>" | e
"<b>" | safe
"%s-%s" | format("a", 2)
map | tojson
map | tojson(indent=2)
people | tojson
people | tojson(indent=4)
[] | tojson(indent=2)
{} | tojson(indent=2)
[[], {}] | tojson(indent=2)
"é\\u2028\\x01\\x7f" | tojson
"é🙂" | tojson(ensure_ascii=true)
{"b": 1, "a": 2} | tojson(sort_keys=true)
{"b": 1, "a": [1, 2]} | tojson(separators=(",", ":"))
none | tojson
1.0 | tojson
1e20 | tojson
missing | tojson
{1: 2, true: 3} | tojson
map
people
deep
[none, true, 1.5, "a\\tb", "it's", 'say "hi"', "\\x07é\\u200b"]
number is defined
missing is defined
missing is undefined
missing is not defined
nothing is none
nothing is not none
yes is boolean
yes is true
yes is false
number is integer
half is float
number is number
yes is number
yes is integer
text is string
numbers is string
map is mapping
numbers is iterable
text is iterable
number is iterable
numbers is sequence
map is sequence
text is sequence
missing is iterable
number is odd
number is even
number is divisibleby 7
number is divisibleby(2)
number is eq 7
number is gt(3)
number is lt 3
number is ge 7
number is in [7, 8]
"a" is in "abc"
number is sameas 7
text is lower
"ABC" is upper
range is callable
number is callable
"upper" is filter
"defined" is test
not missing is defined
number is defined and text is string
range(3) | list
range(1, 4) | list
range(10, 0, -3) | list
range(0) | list
range(200000) | list
dict(a=1, b=2)
dict({"x": 1}, y=2)
namespace(a=1).a
strftime_now("%Y-%m-%d")
strftime_now("%d %b %Y %H:%M:%S %A")
raise_exception("stop")
undefinedfunction()
number()
"a".b.c
1 + "a"
"a" + 1
none + 1
[] + ()
"a" < 1
1 / 0
1 % 0
number | nofilter
number is notest
(numbers | length) + 1
numbers | length + 1
(1, 2) | list
1, 2
number | default(0) | string | length
text | replace("l", "L") | upper | trim
(text | upper)[0:5]
[x for x in numbers]
text.__class__
loop
caller
-number | abs
(-number) | abs
"a" ~ 1 + 2
1 + 2 ~ "a"
"a" if true else "b" if true else "c"
[1, 2, 3,]
{"a": 1,}
dict(a=1,)
numbers.index(1)
numbers.index(9)
numbers.count(3)
missing ~ "x"
missing + "x"
missing | length
missing | list
missing | upper
missing or "x"
missing and "x"
nothing or 0 or "last"
"" and missing.x
numbers[missing]
map[missing]
number[0]
none.x
none["x"]
0x1F + 0b11 + 0o17 + 1_000
.5
1.
"unclosed
"""

BLOCKS = [
    "", "\n", "a\n", "a\n\n", "  {% if true %}  \n  x\n  {% endif %}  \ny",
    "a {%- if true -%} b {%- endif -%} c", "a  {%+ if true %} b {% endif +%}\n c",
    "{{- 'a' -}}  \n b", "x {{- ' a ' }} y", "  {# c #}\nx", "a {#- c -#} b", "a {# c +#}\nb",
    "{# unclosed", "{% raw %}{{ x }}{% y %}{% endraw %}z", "a {%- raw -%} {{ b }} {%- endraw -%} c",
    "{% raw %}\n x{% endraw %}\ny", "{{ '}}' }}{{ '{%' }}", "{{ {'a': {'b': 1}}['a']['b'] }}",
    "{%if true%}x{%endif%}", "{% if false %}a{% elif number == 7 %}b{% else %}c{% endif %}",
    "{% if false %}a{% elif false %}b{% else %}c{% endif %}", "{% if missing %}a{% endif %}b",
    "{% for x in numbers %}{{ x }},{% endfor %}", "{% for x in [] %}a{% else %}none{% endfor %}",
    "{% for x in numbers %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}"
    "{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }};{% endfor %}",
    "{% for x in numbers %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
    "{% for x in numbers %}{{ loop.previtem is defined }}{{ loop.nextitem is undefined }}{% endfor %}",
    "{% for x in numbers %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for p in people %}{{ loop.changed(p.age) }}{% endfor %}",
    "{% for k, v in map.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in map | dictsort %}{{ k }};{% endfor %}", "{% for k in map %}{{ k }}{% endfor %}",
    "{% for c in text %}{{ c }}.{% endfor %}", "{% for x in missing %}a{% endfor %}b",
    "{% for x in number %}a{% endfor %}", "{% for x in none %}a{% endfor %}",
    "{% for x in numbers if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% endfor %}",
    "{% for x in numbers if x > 9 %}a{% else %}empty{% endfor %}",
    "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [[1, 2, 3]] %}{% endfor %}",
    "{% for x in numbers %}{% for y in numbers %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}",
    "{% for x in numbers %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in numbers %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in deep recursive %}{{ x if x is number else '(' ~ loop(x) ~ ')' }}{% endfor %}",
    "{% for x in deep recursive %}[{{ loop.depth }}{% if x is not number %}{{ loop(x) }}{% endif %}]{% endfor %}",
    "{% for x in numbers %}{{ loop(x) }}{% endfor %}",
    "{% set x = 1 %}{% for y in numbers %}{{ x }}{% set x = y %}{{ x }} {% endfor %}{{ x }}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% set x, y = 1, 2 %}{{ y }}{{ x }}", "{% set x = 1, 2 %}{{ x }}",
    "{% set ns = namespace(n=0) %}{% for x in numbers %}{% set ns.n = ns.n + x %}{% endfor %}{{ ns.n }}",
    "{% set ns = namespace() %}{% set ns.a = 'x' %}{{ ns.a }}{{ ns.b is defined }}",
    "{% set ns = namespace({'q': 2}, r=3) %}{{ ns.q + ns.r }}{{ ns['q'] }}",
    "{% set map.x = 1 %}", "{% set text.x = 1 %}",
    "{% set block %}a {{ number }}\n b{% endset %}[{{ block }}]",
    "{% set block | upper | trim %} a {{ text }} {% endset %}[{{ block }}]",
    "{% for x in numbers %}{% set last %}{{ x }}{% endset %}{{ last }}{% endfor %}",
    "{% macro m(a, b=2, c='x') %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(1) }}|{{ m(1, c='y') }}|{{ m(a=5, b=6) }}",
    "{% macro m(a) %}{{ a is defined }}{{ a }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, z=3) }}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% macro m() %}{{ later }}{% endmacro %}{% set later = 5 %}{{ m() }}",
    "{% macro m() %}  x  {% endmacro %}[{{ m() | trim }}]{{ m() is string }}",
    "{% macro m(x=number) %}{{ x }}{% endmacro %}{{ m() }}",
    "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}",
    "{% for x in numbers %}{% macro m() %}{{ x }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro box() %}<{{ caller() }}>{% endmacro %}{% call box() %}in {{ number }}{% endcall %}",
    "{% macro each(xs) %}{% for x in xs %}{{ caller(x, loop.index) }};{% endfor %}{% endmacro %}"
    "{% call(x, i) each(numbers) %}{{ i }}:{{ x }}{% endcall %}",
    "{% macro box() %}{{ caller is defined }}{% endmacro %}{{ box() }}",
    "{% filter upper %}a{{ text }}{% endfilter %}", "{% filter replace('a', 'b') | upper %}aca{% endfilter %}",
    "{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a is defined }}",
    "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}",
    "{% set a = 1 %}{% with a = 2 %}{{ a }}{% endwith %}{{ a }}",
    "{% block content %}x{{ number }}{% endblock %}y", "{% block content %}x{% endblock content %}",
    "{% generation %}a{{ number }}{% endgeneration %}b",
    "{% for x in numbers %}{%- generation -%} {{ x }} {%- endgeneration -%};{% endfor %}",
    "{{ joiner('|')() }}", "{% set j = joiner('|') %}{% for x in numbers %}{{ j() }}{{ x }}{% endfor %}",
    "{% if number == 7 %}\n{{ 'a' }}\n{% endif %}\n", "{%- set x = 1 -%}\n\n{{ x }}",
    "line\r\nnext\rlast\r\n", "a\n{% if true %}\nb\n{% endif %}\nc\n", "\t{% set x = 1 %}\t\nz",
    "x\n  {%- if true %}\n  y\n  {%- endif %}\nz", "{{ 'a'\n~ 'b' }}", "{{\n number\n}}",
    "{{ 'multi\nline' }}", "{{ numbers\n | join(',') }}", "{% set x = [\n 1,\n 2,\n] %}{{ x }}",
    "{{ 'a' if missing is not defined else 'b' }}", "{{ (people | first).name }}",
    "{{ people[0]['name'] + '!' }}", "{{ people[0].tags | join }}", "{{ (1 if yes else 2) + 1 }}",
    "{% set f = 'upper' %}{{ mixed | map(f) | join }}", "{{ people | map(attribute=missing) | list }}",
    "{% endif %}", "{% if %}", "{% for %}", "{% if true %}", "{% for x in y %}", "{{", "{{ 1", "{% set %}",
    "{% set x = %}", "{{ ) }}", "{{ (1 }}", "{{ [1 }}", "{{ 1 2 }}", "{{ a b }}", "{{ | x }}", "{{ x | }}",
    "{{ x is }}", "{{ x. }}", "{{ x[ }}", "{{ f(a=1, 2) }}", "{{ @ }}", "{{ a & b }}", "{% unknown %}",
    "{% set true = 1 %}", "{% macro m(a=1, b) %}{% endmacro %}", "{% include 'x' %}", "{% import 'x' as y %}",
    "{% extends 'x' %}", "{% do x %}", "{% else %}", "{{ 'a' 'b' }}", "{{}}", "{{ {} }}", "{%%}",
    "{% if a %}{% else %}{% elif b %}{% endif %}", "{% break %}", "{{ yes and }}", "{{ not }}",
    "{{ 5 is divisibleby }}", "{{ '%d' % 'a' }}", "{{ '%s %s' % ('a',) }}", "{{ text.split('') }}",
    "{{ loop.index }}", "{{ super() }}",
]

SNIPPETS = ["{{ " + line + " }}" for line in EXPRESSIONS.strip().split("\n")] + BLOCKS
