/// The rows of a model of fastText, as numbers or as codes of parts of rows.
///
/// Source: Joulin et al. 2016, FastText.zip; the layout of fastText 0.9.
package enum FastTextMatrix {
    case dense(values: [Float], columns: Int)
    case quantized(codes: [UInt8], quantizer: ProductQuantizer, norms: Norms?)

    package struct Norms {
        var codes: [UInt8]
        var quantizer: ProductQuantizer
    }

    package init(_ reader: inout FastTextReader, isQuantized: Bool) throws {
        guard isQuantized else {
            let (rows, columns) = (try reader.count(Int64.self), try reader.count(Int64.self))
            let (size, isOver) = rows.multipliedReportingOverflow(by: columns)
            guard !isOver else { throw reader.failure(expected: "a table", got: "a huge one") }
            self = .dense(values: try reader.floats(size), columns: columns)
            return
        }
        let hasNorms = try reader.flag()
        let rows = try reader.count(Int64.self)
        _ = try reader.count(Int64.self)
        let codes = try reader.bytes(reader.count(Int32.self))
        let quantizer = try ProductQuantizer(&reader)
        guard codes.count == rows * quantizer.partCount else {
            throw reader.failure(
                expected: "\(rows * quantizer.partCount) codes", got: "\(codes.count)")
        }
        var norms: Norms?
        if hasNorms {
            norms = Norms(codes: try reader.bytes(rows), quantizer: try ProductQuantizer(&reader))
        }
        self = .quantized(codes: codes, quantizer: quantizer, norms: norms)
    }

    package var rowCount: Int {
        switch self {
        case .dense(let values, let columns): columns > 0 ? values.count / columns : 0
        case .quantized(let codes, let quantizer, _): codes.count / max(1, quantizer.partCount)
        }
    }

    package var columnCount: Int {
        switch self {
        case .dense(_, let columns): columns
        case .quantized(_, let quantizer, _): quantizer.dimension
        }
    }

    /// Adds a row to a vector.
    package func add(_ row: Int, to vector: inout [Float]) {
        switch self {
        case .dense(let values, let columns):
            for index in 0..<columns { vector[index] += values[row * columns + index] }
        case .quantized(let codes, let quantizer, let norms):
            let norm = norms.map { $0.quantizer.number($0.codes[row]) } ?? 1
            quantizer.forEach(codes, row) { index, value in vector[index] += norm * value }
        }
    }

    /// The product of a row and a vector.
    package func product(_ row: Int, _ vector: [Float]) -> Float {
        var sum: Float = 0
        switch self {
        case .dense(let values, let columns):
            for index in 0..<columns { sum += values[row * columns + index] * vector[index] }
        case .quantized(let codes, let quantizer, let norms):
            quantizer.forEach(codes, row) { index, value in sum += value * vector[index] }
            sum *= norms.map { $0.quantizer.number($0.codes[row]) } ?? 1
        }
        return sum
    }
}

/// 256 centroids for each part of a row.
package struct ProductQuantizer {
    package let dimension: Int
    package let partCount: Int
    private let partSize: Int
    private let lastSize: Int
    private let centroids: [Float]

    package init(_ reader: inout FastTextReader) throws {
        dimension = try reader.count(Int32.self)
        partCount = try reader.count(Int32.self)
        partSize = try reader.count(Int32.self)
        lastSize = try reader.count(Int32.self)
        guard partCount > 0, dimension < 1 << 20, partSize < 1 << 20,
            (1...max(1, partSize)).contains(lastSize),
            (partCount - 1) * partSize + lastSize == dimension
        else { throw reader.failure(expected: "parts that fill a row", got: "others") }
        centroids = try reader.floats(dimension * 256)
    }

    /// The first number of the centroid of a row of one part.
    package func number(_ code: UInt8) -> Float { centroids[Int(code) * lastSize] }

    package func forEach(
        _ codes: [UInt8], _ row: Int, _ body: (_ index: Int, _ value: Float) -> Void
    ) {
        for part in 0..<partCount {
            let size = part == partCount - 1 ? lastSize : partSize
            let start = part * 256 * partSize + Int(codes[row * partCount + part]) * size
            for index in 0..<size { body(part * partSize + index, centroids[start + index]) }
        }
    }
}
