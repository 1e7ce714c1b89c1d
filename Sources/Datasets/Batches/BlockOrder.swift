/// A bijection of the windows of an epoch, by which whole blocks of neighbouring windows are read, each
/// for one sequence of the batch, and which needs no table.
///
/// W windows are floor(W / K) blocks of K windows, and a rest, which comes last, permuted. The blocks
/// are permuted too and cut, in that order, into groups of S x M: S lists of M blocks. Number i of a
/// group is window number floor(i / S) of list i mod S, in a permutation of the M x K windows of the
/// list. S is B, the sequences of a step, so that sequence j of all steps of a group comes from one
/// list: the rank that holds it reads those M blocks, and no other rank does. The last group has shorter
/// lists; what is less than a block a list becomes a group of fewer lists, of one block each.
///
/// S x M is at least `minimumBlockCount`, so that a small batch is no less shuffled than a large one.
/// The blocks of a group are so large that all ranks together hold about `bufferTokenCount` tokens.
package struct BlockOrder: Equatable, Sendable {
    /// W.
    package let windowCount: Int
    /// K: windows of a block.
    package let blockSize: Int
    /// S: lists of a group.
    package let listCount: Int
    /// M: blocks of a list.
    package let listSize: Int
    private let seed: UInt64

    /// The fewest blocks among which the windows of a step are chosen.
    package static let minimumBlockCount = 64
    /// The tokens in the blocks of a group, all ranks together.
    package static let bufferTokenCount = 1 << 25
    /// The fewest tokens of a block: four chunks of a shard.
    package static let minimumBlockTokenCount = 1 << 15

    package init(windowCount: Int, sequenceLength: Int, globalBatchSize: Int, seed: UInt64) {
        let listSize = max(1, (Self.minimumBlockCount + globalBatchSize - 1) / globalBatchSize)
        let tokens = max(
            Self.minimumBlockTokenCount, Self.bufferTokenCount / (globalBatchSize * listSize))
        self.init(
            windowCount: windowCount, blockSize: max(1, tokens / sequenceLength),
            listCount: globalBatchSize, listSize: listSize, seed: seed)
    }

    package init(
        windowCount: Int, blockSize: Int, listCount: Int, listSize: Int, seed: UInt64
    ) {
        precondition(windowCount > 0 && blockSize > 0, "blocks of windows")
        precondition(listCount > 0 && listSize > 0, "lists of blocks")
        self.windowCount = windowCount
        self.blockSize = blockSize
        self.listCount = listCount
        self.listSize = listSize
        self.seed = seed
    }

    /// The blocks that are full; the rest of the windows is in none.
    package var blockCount: Int { windowCount / blockSize }

    /// A window, and the block that one sequence of the batch reads whole; nil where several share it.
    package struct Visit: Equatable, Sendable {
        package let window: Int
        package let block: Int?
    }

    /// The window that an epoch visits as its number `index`.
    package func visit(_ index: Int, ofEpoch epoch: Int) -> Visit {
        precondition(index >= 0 && index < windowCount, "\(index) is not in 0..<\(windowCount)")
        let inBlocks = blockCount * blockSize
        guard index < inBlocks else {
            let rest = permutation(windowCount - inBlocks, ofEpoch: epoch, part: -1)
            return Visit(window: inBlocks + rest[index - inBlocks], block: nil)
        }
        let group = group(of: index / blockSize)
        let (turn, list) = (index - group.firstBlock * blockSize)
            .quotientAndRemainder(dividingBy: group.listCount)
        let firstBlock = group.firstBlock + list * group.listSize
        let order = permutation(
            group.listSize * blockSize, ofEpoch: epoch, part: 1 + firstBlock)
        let (place, window) = order[turn].quotientAndRemainder(dividingBy: blockSize)
        let block = permutation(blockCount, ofEpoch: epoch, part: 0)[firstBlock + place]
        return Visit(
            window: block * blockSize + window,
            block: group.listCount == listCount ? block : nil)
    }

    private struct Group {
        var firstBlock: Int
        var listCount: Int
        var listSize: Int
    }

    /// The group that visits the windows of the block with this number in the order of the epoch.
    private func group(of block: Int) -> Group {
        let size = listCount * listSize
        let last = blockCount / size * size
        guard block >= last else {
            return Group(
                firstBlock: block / size * size, listCount: listCount, listSize: listSize)
        }
        let shortSize = (blockCount - last) / listCount
        let rest = last + shortSize * listCount
        return block < rest
            ? Group(firstBlock: last, listCount: listCount, listSize: shortSize)
            : Group(firstBlock: rest, listCount: blockCount - rest, listSize: 1)
    }

    private func permutation(_ count: Int, ofEpoch epoch: Int, part: Int) -> KeyedPermutation {
        KeyedPermutation(count: count, seed: seed, epoch: epoch, part: part)
    }
}
