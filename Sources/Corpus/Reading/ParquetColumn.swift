import CCompression
import Diagnostics
import Files
import JSON

/// The values of a column in a group of rows, read page by page.
package final class ParquetColumn {
    package let column: ParquetReader.Column
    private let reader: FileReader
    private let codec: Int
    private var offset: Int
    private let end: Int
    private var dictionary: [JSONValue] = []
    private var values: ArraySlice<JSONValue> = []
    /// Whether each value of the page is there; empty where all are.
    private var present: ArraySlice<Bool> = []

    private static let maximumPageSize = 1 << 30

    init(_ column: ParquetReader.Column, _ facts: ThriftValue, _ reader: FileReader) throws {
        self.column = column
        self.reader = reader
        codec = facts[4]?.integer ?? 0
        let data = facts[9]?.integer ?? -1
        offset = facts[11]?.integer.map { $0 > 0 ? min($0, data) : data } ?? data
        let size = facts[7]?.integer ?? -1
        guard offset >= 4, size >= 0, size <= reader.size - offset else {
            throw ParquetReader.damage("a column outside of the file", reader.path)
        }
        end = offset + size
        guard [0, 1, 2, 6].contains(codec) else {
            let names = [3: "lzo", 4: "brotli", 5: "lz4", 7: "lz4_raw"]
            throw unknown("codec", names[codec] ?? "\(codec)", known: "none, snappy, gzip, zstd")
        }
    }

    private func unknown(_ what: String, _ got: String, known: String) -> Failure {
        Failure(
            "the column \(column.name) of the Parquet file has an unknown \(what)", expected: known,
            got: got, at: reader.path, remedy: "write the file with another \(what)")
    }

    package func next() throws -> JSONValue {
        while column.isOptional ? present.isEmpty : values.isEmpty { try readPage() }
        if column.isOptional, present.removeFirst() == false { return .null }
        guard let value = values.popFirst() else { throw damage("too few values") }
        return value
    }

    private func damage(_ got: String) -> CutFile { ParquetReader.damage(got, reader.path) }

    // MARK: Pages

    private func readPage() throws {
        guard offset < end else { throw damage("too few pages") }
        let head = try reader.bytes(at: offset, count: min(1 << 16, end - offset))
        var parser = ThriftParser(head[...], at: reader.path)
        let facts = try parser.structure()
        let (packed, size) = (facts[3]?.integer ?? -1, facts[2]?.integer ?? -1)
        offset += parser.position
        guard packed >= 0, packed <= end - offset, (0...Self.maximumPageSize).contains(size) else {
            throw damage("a page of \(packed) bytes")
        }
        let bytes = try reader.bytes(at: offset, count: packed)
        offset += packed
        switch facts[1]?.integer {
        case 0: try readData(try unpacked(bytes, size), facts[5])
        case 2:
            let page = try unpacked(bytes, size)
            dictionary = try plain(page[...], count: valueCount(facts[7]?[1]))
        case 3: try readSecond(bytes, size, facts[8])
        default: break
        }
    }

    private func unpacked(_ bytes: [UInt8], _ size: Int) throws -> [UInt8] {
        guard codec != 0, size > 0 else { return bytes }
        var output = [UInt8](repeating: 0, count: size)
        if codec == 1 {
            guard ccompression_unsnappy(bytes, bytes.count, &output, size) == 0 else {
                throw damage("a damaged page")
            }
            return output
        }
        let stream = try DecodedStream(
            MemoryStream(bytes), codec == 2 ? .gzip : .zstd, path: reader.path)
        var done = 0
        try output.withUnsafeMutableBytes { output in
            while done < size {
                let count = try stream.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: output[done...]))
                guard count > 0 else { throw damage("a short page") }
                done += count
            }
        }
        return output
    }

    private func readData(_ page: [UInt8], _ facts: ThriftValue?) throws {
        let count = try valueCount(facts?[1])
        var body = page[...]
        var levels: [Bool] = []
        if column.isOptional {
            guard body.count >= 4 else { throw damage("a short page") }
            let size = body.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
            body = body.dropFirst(4)
            guard size <= body.count else { throw damage("a short page") }
            levels = try runs(body.prefix(size), width: 1, count: count).map { $0 == 1 }
            body = body.dropFirst(size)
        }
        try take(body, levels, count: count, encoding: facts?[2]?.integer ?? -1)
    }

    /// A page of the second version, whose levels stand before its packed values.
    private func readSecond(_ bytes: [UInt8], _ size: Int, _ facts: ThriftValue?) throws {
        let count = try valueCount(facts?[1])
        let (defined, repeated) = (facts?[5]?.integer ?? 0, facts?[6]?.integer ?? 0)
        guard defined >= 0, repeated >= 0, defined + repeated <= min(bytes.count, size) else {
            throw damage("levels outside of a page")
        }
        let levels =
            try column.isOptional
            ? runs(bytes[repeated..<repeated + defined], width: 1, count: count).map { $0 == 1 }
            : []
        let rest = Array(bytes[(repeated + defined)...])
        let isPacked = facts?[7]?.flag ?? true
        let body = try isPacked ? unpacked(rest, size - defined - repeated) : rest
        try take(body[...], levels, count: count, encoding: facts?[4]?.integer ?? -1)
    }

    private func valueCount(_ value: ThriftValue?) throws -> Int {
        guard let count = value?.integer, (0...1 << 24).contains(count) else {
            throw damage("no count of values")
        }
        return count
    }

    private func take(
        _ body: ArraySlice<UInt8>, _ levels: [Bool], count: Int, encoding: Int
    ) throws {
        let valueCount = column.isOptional ? levels.count { $0 } : count
        present = levels[...]
        switch encoding {
        case 0: values = try plain(body, count: valueCount)[...]
        case 2, 8:
            guard let width = body.first ?? (valueCount == 0 ? 0 : nil), width <= 32 else {
                throw damage("a short page")
            }
            values = try runs(body.dropFirst(), width: Int(width), count: valueCount).map { index in
                guard index < dictionary.count else {
                    throw damage("a value outside the dictionary")
                }
                return dictionary[index]
            }[...]
        case 3 where column.type == 0:
            values = try runs(body.dropFirst(4), width: 1, count: valueCount)
                .map { .boolean($0 == 1) }[...]
        default:
            throw unknown("encoding", "\(encoding)", known: "plain, dictionary or RLE")
        }
    }

    // MARK: Values

    private func plain(_ body: ArraySlice<UInt8>, count: Int) throws -> [JSONValue] {
        var (values, rest): ([JSONValue], ArraySlice<UInt8>) = ([], body)
        func number(_ size: Int) throws -> UInt64 {
            guard rest.count >= size else { throw damage("too few values") }
            defer { rest = rest.dropFirst(size) }
            return rest.prefix(size).reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        if column.type == 0 {
            guard count <= rest.count * 8 else { throw damage("too few values") }
            return (0..<count).map { .boolean(rest[rest.startIndex + $0 / 8] >> ($0 % 8) & 1 == 1) }
        }
        for _ in 0..<count {
            switch column.type {
            case 1: values.append(.integer(Int(Int32(truncatingIfNeeded: try number(4)))))
            case 2: values.append(.integer(Int(Int64(bitPattern: try number(8)))))
            case 4:
                values.append(.float(Float(bitPattern: UInt32(truncatingIfNeeded: try number(4)))))
            case 5: values.append(.number(Double(bitPattern: try number(8))))
            default:
                let size = Int(try number(4))
                guard size <= rest.count else { throw damage("a short text") }
                values.append(.bytes(Array(rest.prefix(size))))
                rest = rest.dropFirst(size)
            }
        }
        return values
    }

    /// Numbers in runs of one value, and in groups of eight that are packed in bits.
    private func runs(_ bytes: ArraySlice<UInt8>, width: Int, count: Int) throws -> [Int] {
        var (numbers, rest): ([Int], ArraySlice<UInt8>) = ([], bytes)
        if width == 0 { return Array(repeating: 0, count: count) }
        while numbers.count < count {
            var (head, shift) = (0, 0)
            repeat {
                guard let byte = rest.popFirst(), shift < 35 else { throw damage("a short page") }
                head |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            } while true
            let left = count - numbers.count
            if head & 1 == 0 {
                let size = (width + 7) / 8
                guard rest.count >= size, head > 1 else { throw damage("a short page") }
                let value = rest.prefix(size).reversed().reduce(0) { $0 << 8 | Int($1) }
                rest = rest.dropFirst(size)
                numbers += repeatElement(value, count: min(left, head >> 1))
            } else {
                let size = (head >> 1) * width
                guard size > 0, size <= rest.count else { throw damage("a short page") }
                numbers += Self.unpackedBits(rest.prefix(size), width: width, most: left)
                rest = rest.dropFirst(size)
            }
        }
        return numbers
    }

    private static func unpackedBits(
        _ bytes: ArraySlice<UInt8>, width: Int, most: Int
    ) -> [Int] {
        var (numbers, bits, bitCount): ([Int], UInt64, Int) = ([], 0, 0)
        for byte in bytes {
            bits |= UInt64(byte) << UInt64(bitCount)
            bitCount += 8
            while bitCount >= width, numbers.count < most {
                numbers.append(Int(bits & (1 << UInt64(width) - 1)))
                bits >>= UInt64(width)
                bitCount -= width
            }
            if numbers.count == most { break }
        }
        return numbers
    }
}
