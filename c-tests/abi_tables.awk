# Turns the tables of tests/data/ into the X-macro lists that abi_proof.c is made of.
# usage: awk -f abi_tables.awk exports.tsv constants.tsv structs.tsv > abi_tables.h
BEGIN { FS = "\t" }
FNR == 1 { table++; next }

# symbol ordinal first_version return_type parameters kind header category notes
table == 1 && $6 == "data" { next }
table == 1 {
    where = ($7 ~ /^none/) ? "UNDECLARED" : ($3 == 19 ? "FUNCTION_19" : "FUNCTION")
    functions = functions sprintf("%s(%s, %s, (%s))\n", where, $4, $1, $5)
    next
}

# group name kind value header since notes
table == 2 && ($3 == "enum" || $3 == "macro") {
    since = ($6 == 19) ? "_19" : ""
    if ($2 ~ /\(/)
        macros = macros sprintf("MACRO_CALL(%s)\n", substr($2, 1, index($2, "(") - 1))
    else if ($4 ~ /^"/)
        macros = macros sprintf("MACRO_TEXT(%s, %s)\n", $2, $4)
    else if ($2 == "PQ_SOCKTYPE")
        next
    else if ($3 == "enum") {
        enums = enums sprintf("ENUMERATOR%s(%s, %s, %s)\n", since, $1, $2, $4)
        if (!($1 in seen_enum)) { seen_enum[$1] = 1; enums = enums sprintf("ENUMERATION(%s)\n", $1) }
    } else
        macros = macros sprintf("MACRO_VALUE%s(%s, %s)\n", since, $2, $4)
    next
}
table == 2 && $3 == "function pointer typedef" {
    type = $4
    sub(/\(\*\)/, "(*)", type)
    types = types sprintf("TYPE(%s, %s)\n", $2, type)
    next
}
table == 2 && $3 == "runtime" && $1 == "encoding ids" && $4 ~ /^[0-9]+$/ {
    encodings = encodings sprintf("ENCODING(%s, %s)\n", $2, $4)
    next
}
table == 2 && $3 == "opaque struct" {
    split($2, half, " = ")
    types = types sprintf("TYPE(%s *, %s *)\n", half[1], half[2])
    next
}

# struct field c_type offset size align tag notes
table == 3 && $1 ~ /^scalar/ { next }
table == 3 {
    since = ($8 ~ /PG19/) ? "_19" : ""
    if ($2 == "(sizeof)")
        structs = structs sprintf("STRUCT%s(%s, %s, %s)\n", since, $1, $5, $6)
    else
        structs = structs sprintf("FIELD%s(%s, %s, %s, %s)\n", since, $1, $2, $4, $5)
    if ($2 == "(sizeof)" && $7 ~ /^struct /)
        structs = structs sprintf("TYPE(%s *, %s *)\n", $1, $7)
}

END {
    print "/* Made from tests/data/ by c-tests/abi_tables.awk. */"
    printf "#ifdef ABI_FUNCTIONS\n%s#endif\n", functions
    printf "#ifdef ABI_VALUES\n%s%s%s%s#endif\n", enums, macros, types, structs
    printf "#ifdef ABI_ENCODINGS\n%s#endif\n", encodings
}
