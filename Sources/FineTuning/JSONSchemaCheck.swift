import Diagnostics
import Foundation
import JSON
import Jinja

/// Whether JSON documents are of a schema (JSON Schema, draft 2020-12).
///
/// Keywords that are not known here are refused, so that no reward is given for what was not checked;
/// `format` is a note, as in the draft.
struct JSONSchemaCheck {
    private let root: JSONValue

    private static let known: Set<String> = [
        "type", "enum", "const", "anyOf", "oneOf", "allOf", "not", "$ref", "properties",
        "required", "additionalProperties", "items", "prefixItems", "minItems", "maxItems",
        "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum",
        "exclusiveMaximum", "multipleOf", "minProperties", "maxProperties", "uniqueItems",
    ]
    private static let notes: Set<String> = [
        "$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default",
        "examples", "format", "deprecated", "readOnly", "writeOnly",
    ]
    /// Schemas inside each other.
    private static let mostNested = 64

    /// - Throws: a usage `Failure` for a keyword that is not known, and a pattern that cannot be read.
    init(_ schema: JSONValue, at place: String) throws {
        root = schema
        try check(schema, at: place, depth: 0)
    }

    private func check(_ schema: JSONValue, at place: String, depth: Int) throws {
        guard depth <= Self.mostNested else {
            throw Failure(
                "a JSON schema is nested too deeply", expected: "at most \(Self.mostNested) levels",
                got: "more", at: place, kind: .usage)
        }
        for member in schema.members ?? [] {
            let name = String(decoding: member.key, as: UTF8.self)
            guard Self.known.contains(name) || Self.notes.contains(name) else {
                throw Failure(
                    "a JSON schema has a keyword that is not known",
                    expected: Self.known.sorted().joined(separator: ", "), got: name, at: place,
                    remedy: "leave it out", kind: .usage)
            }
            if name == "pattern" { _ = try TextPattern(member.value.string ?? "") }
            switch name {
            case "properties", "$defs", "definitions":
                for inner in member.value.members ?? [] {
                    try check(inner.value, at: place, depth: depth + 1)
                }
            case "anyOf", "oneOf", "allOf", "prefixItems":
                for inner in member.value.array ?? [] {
                    try check(inner, at: place, depth: depth + 1)
                }
            case "not", "items", "additionalProperties":
                try check(member.value, at: place, depth: depth + 1)
            default: break
            }
        }
    }

    /// Whether a text is one document of the schema, with nothing but white space around it.
    func accepts(text: String) -> Bool {
        guard let value = try? JSONValue(parsing: Array(text.utf8), at: "an answer") else {
            return false
        }
        return accepts(value, root, depth: 0)
    }

    // MARK: Keywords

    private func accepts(_ value: JSONValue, _ schema: JSONValue, depth: Int) -> Bool {
        if let all = schema.boolean { return all }
        // A reference may lead to itself.
        guard depth <= Self.mostNested else { return false }
        func fits(_ other: JSONValue) -> Bool { accepts(value, other, depth: depth + 1) }
        return (schema.members ?? []).allSatisfy { member in
            let wanted = member.value
            switch String(decoding: member.key, as: UTF8.self) {
            case "type": return (wanted.array ?? [wanted]).contains { isOf($0.string, value) }
            case "enum": return (wanted.array ?? []).contains { isEqual($0, value) }
            case "const": return isEqual(wanted, value)
            case "anyOf": return (wanted.array ?? []).contains(where: fits)
            case "oneOf": return (wanted.array ?? []).count(where: fits) == 1
            case "allOf": return (wanted.array ?? []).allSatisfy(fits)
            case "not": return !fits(wanted)
            case "$ref": return target(of: wanted.string ?? "").map(fits) ?? false
            case let name:
                return accepts(number: value, name, wanted) && accepts(text: value, name, wanted)
                    && accepts(list: value, name, schema, depth)
                    && accepts(object: value, name, schema, depth)
            }
        }
    }

    private func target(of reference: String) -> JSONValue? {
        guard reference.hasPrefix("#") else { return nil }
        return reference.dropFirst().split(separator: "/").reduce(root) { schema, part in
            schema?[String(part).replacing("~1", with: "/").replacing("~0", with: "~")]
        }
    }

    private func isOf(_ type: String?, _ value: JSONValue) -> Bool {
        switch type {
        case "object": value.members != nil
        case "array": value.array != nil
        case "string": value.bytes != nil
        case "boolean": value.boolean != nil
        case "null": value.isNull
        case "number": value.double != nil
        case "integer": value.double.map { $0 == $0.rounded() } ?? false
        default: false
        }
    }

    private func isEqual(_ a: JSONValue, _ b: JSONValue) -> Bool {
        if let a = a.double, let b = b.double { return a == b }
        if let a = a.array, let b = b.array {
            return a.count == b.count && zip(a, b).allSatisfy(isEqual)
        }
        if let a = a.object, let b = b.object {
            return a.count == b.count
                && a.allSatisfy { name, value in b[name].map { isEqual(value, $0) } ?? false }
        }
        return a == b
    }

    private func accepts(number value: JSONValue, _ name: String, _ wanted: JSONValue) -> Bool {
        guard let number = value.double, let bound = wanted.double else { return true }
        switch name {
        case "minimum": return number >= bound
        case "maximum": return number <= bound
        case "exclusiveMinimum": return number > bound
        case "exclusiveMaximum": return number < bound
        case "multipleOf":
            let quotient = number / bound
            return abs(quotient - quotient.rounded()) < 1e-9 * max(1, abs(quotient))
        default: return true
        }
    }

    private func accepts(text value: JSONValue, _ name: String, _ wanted: JSONValue) -> Bool {
        guard let text = value.string else { return true }
        let count = text.unicodeScalars.count
        switch name {
        case "minLength": return count >= wanted.integer ?? 0
        case "maxLength": return count <= wanted.integer ?? .max
        case "pattern":
            guard let pattern = try? TextPattern(wanted.string ?? "") else { return false }
            return !pattern.matches(in: text).isEmpty
        default: return true
        }
    }

    private func accepts(
        list value: JSONValue, _ name: String, _ schema: JSONValue, _ depth: Int
    ) -> Bool {
        guard let list = value.array, let wanted = schema[name] else { return true }
        let firsts = schema["prefixItems"]?.array ?? []
        switch name {
        case "minItems": return list.count >= wanted.integer ?? 0
        case "maxItems": return list.count <= wanted.integer ?? .max
        case "uniqueItems":
            return wanted.boolean != true
                || list.indices.allSatisfy { index in
                    !list[..<index].contains { isEqual($0, list[index]) }
                }
        case "prefixItems":
            return zip(list, firsts).allSatisfy { accepts($0, $1, depth: depth + 1) }
        case "items":
            return list.dropFirst(firsts.count).allSatisfy { accepts($0, wanted, depth: depth + 1) }
        default: return true
        }
    }

    private func accepts(
        object value: JSONValue, _ name: String, _ schema: JSONValue, _ depth: Int
    ) -> Bool {
        guard let members = value.object, let wanted = schema[name] else { return true }
        let properties = schema["properties"]?.object ?? [:]
        switch name {
        case "minProperties": return members.count >= wanted.integer ?? 0
        case "maxProperties": return members.count <= wanted.integer ?? .max
        case "required":
            return (wanted.array ?? []).allSatisfy { members[$0.string ?? ""] != nil }
        case "properties":
            return properties.allSatisfy { name, schema in
                members[name].map { accepts($0, schema, depth: depth + 1) } ?? true
            }
        case "additionalProperties":
            return members.allSatisfy { name, value in
                properties[name] != nil || accepts(value, wanted, depth: depth + 1)
            }
        default: return true
        }
    }
}
