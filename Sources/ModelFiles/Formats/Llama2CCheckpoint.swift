import Diagnostics
import Files
import Models

/// A llama2.c checkpoint (version 0, fp32), open for reading.
///
/// Little-endian: seven Int32 (width, feed-forward width, layers, heads, heads of keys, vocabulary, below
/// 0 where the output layer is not tied; context), then the tensors, each of all layers at once.
/// Source: llama2.c, run.c and export.py.
package struct Llama2CCheckpoint: Sendable {
    package let configuration: DecoderConfiguration
    /// The places where the values of each Hugging Face tensor start, in floats behind the header.
    private let places: [String: Int]
    /// The tensors whose rows turn with the position.
    private let rotatedNames: Set<String>
    private let reader: FileReader

    private static let headerSize = 28
    /// Sizes whose products cannot overflow.
    private static let sizes = 1...1 << 20

    package init(path: String) throws(Failure) {
        reader = try FileReader(path: path)
        configuration = try Self.configuration(try Self.header(of: reader), at: path)
        let (places, count) = Self.layout(configuration)
        self.places = places
        rotatedNames = Set(
            configuration.tensors.filter { $0.module == .queries || $0.module == .keys }
                .map(\.name))
        let expected = Self.headerSize + 4 * count
        guard reader.size == expected else {
            throw Failure(
                "the llama2.c checkpoint has another size than its header tells",
                expected: "\(expected) bytes", got: "\(reader.size)", at: path,
                remedy: "name a checkpoint of version 0, in fp32")
        }
    }

    /// Reads one tensor, by its Hugging Face name.
    ///
    /// Planes of rotary positions are neighbours in llama2.c and halves of a head in Hugging Face: the
    /// rows of queries and keys change places.
    ///
    /// - Precondition: the tensor is one of the configuration's, the buffer of its size.
    package func readTensor(
        named name: String, into buffer: UnsafeMutableBufferPointer<Float>
    ) throws(Failure) {
        guard let place = places[name] else { preconditionFailure("no tensor \(name)") }
        let bytes = UnsafeMutableRawBufferPointer(buffer)
        try reader.read(into: bytes, at: Self.headerSize + 4 * place)
        guard rotatedNames.contains(name) else { return }
        RotaryRows(headSize: configuration.headSize, width: configuration.embeddingSize)
            .separate(buffer)
    }

    private static func header(of reader: FileReader) throws(Failure) -> [Int] {
        let bytes = try reader.bytes(at: 0, count: headerSize)
        return stride(from: 0, to: headerSize, by: 4).map { start in
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << (8 * $1) }
            return Int(Int32(bitPattern: bits))
        }
    }

    private static func configuration(
        _ header: [Int], at path: String
    ) throws(Failure) -> DecoderConfiguration {
        let sizes = header.map(abs)
        let (width, heads, keyHeads) = (sizes[0], sizes[3], sizes[4])
        guard header.enumerated().allSatisfy({ $0 == 5 || $1 > 0 }),
            sizes.allSatisfy(Self.sizes.contains), width % heads == 0, heads % keyHeads == 0,
            (width / heads) % 2 == 0, sizes[2] <= 1 << 10
        else {
            throw Failure(
                "the file is no llama2.c checkpoint of version 0",
                expected: "seven sizes that fit each other", got: "\(header)", at: path)
        }
        return .llama(
            vocabularySize: sizes[5], contextLength: sizes[6], embeddingSize: width,
            layerCount: sizes[2], headCount: heads, keyValueHeadCount: keyHeads,
            mlpSize: sizes[1], isTied: header[5] > 0)
    }

    /// The start of every tensor, and how many floats follow the header.
    private static func layout(
        _ sizes: DecoderConfiguration
    ) -> (places: [String: Int], count: Int) {
        var (places, end) = ([String: Int](), 0)
        let names = sizes.architecture.names
        func place(_ module: DecoderModule, _ count: Int, layer: Int? = nil) {
            places[names.name(of: module, layer: layer) + ".weight"] = end
            end += count
        }
        func placeAll(_ module: DecoderModule, _ count: Int) {
            for layer in 0..<sizes.layerCount { place(module, count, layer: layer) }
        }
        let width = sizes.embeddingSize
        let keys = sizes.keyValueSize * width
        place(.tokenEmbedding, sizes.vocabularySize * width)
        placeAll(.attentionNorm, width)
        placeAll(.queries, width * width)
        placeAll(.keys, keys)
        placeAll(.values, keys)
        placeAll(.attentionOutput, width * width)
        placeAll(.mlpNorm, width)
        placeAll(.gate, sizes.mlpSize * width)
        placeAll(.lower, sizes.mlpSize * width)
        placeAll(.raise, sizes.mlpSize * width)
        place(.finalNorm, width)
        // Cosines and sines of all positions, which this project computes.
        end += sizes.contextLength * sizes.headSize
        if !sizes.isTied { place(.output, sizes.vocabularySize * width) }
        return (places, end)
    }
}

/// The two orders of the rows of a projection whose heads turn with the position.
struct RotaryRows {
    let headSize: Int
    let width: Int

    /// Moves values from planes of neighbouring rows to planes of the two halves of a head.
    func separate(_ values: UnsafeMutableBufferPointer<Float>) {
        move(values) { plane, half in (half * headSize / 2 + plane, 2 * plane + half) }
    }

    /// Moves values from planes of the two halves of a head to planes of neighbouring rows.
    func interleave(_ values: UnsafeMutableBufferPointer<Float>) {
        move(values) { plane, half in (2 * plane + half, half * headSize / 2 + plane) }
    }

    private func move(
        _ values: UnsafeMutableBufferPointer<Float>,
        _ rows: (_ plane: Int, _ half: Int) -> (to: Int, from: Int)
    ) {
        let head = headSize * width
        for start in stride(from: 0, to: values.count, by: head) {
            let old = Array(values[start..<start + head])
            for plane in 0..<headSize / 2 {
                for half in 0...1 {
                    let (to, from) = rows(plane, half)
                    for column in 0..<width {
                        values[start + to * width + column] = old[from * width + column]
                    }
                }
            }
        }
    }
}
