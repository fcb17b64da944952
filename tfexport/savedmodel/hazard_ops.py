"""The ops for which it is worth to look for hazards: the names alone, which are quick to import.

Most models have none of these, and ``inspect`` need not import the whole of ``hazards.py``, whose
table says what each one does. A test compares the two.
"""

from __future__ import annotations

# Those of the table's critical and medium tiers.
HAZARD_OPS = frozenset(
    """
    Abort BigQueryReader BigtableClient CSVDataset CSVDatasetV2 CacheDataset CacheDatasetV2
    CalibrationStatisticsSaver CloseSummaryWriter Copy CopyHost CreateSummaryDbWriter
    CreateSummaryFileWriter DTensorRestoreV2 DataServiceDataset DataServiceDatasetV2
    DataServiceDatasetV3 DataServiceDatasetV4 DatasetFromGraph DatasetToBigtable
    DatasetToTFRecord DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount
    DebugNumericSummary DecodeProtoV2 DeleteRpcFutureResource DistributedSave DumpTensor
    EagerPyFunc EncodeProto ExperimentalCSVDataset ExperimentalDatasetToTFRecord
    ExperimentalLMDBDataset ExperimentalMatchingFilesDataset ExperimentalSqlDataset
    FileSystemSetConfiguration FixedLengthRecordDataset FixedLengthRecordDatasetV2
    FixedLengthRecordReader FixedLengthRecordReaderV2 FixedUnigramCandidateSampler
    FlushSummaryWriter GcsConfigureBlockCache GcsConfigureCredentials
    GenerateBigQueryReaderPartitions GenerateVocabRemapping IgniteDataset ImmutableConst
    ImportEvent InitializeTableFromTextFile InitializeTableFromTextFileV2 KafkaDataset
    KinesisDataset LMDBDataset LMDBReader ListSnapshotChunksDataset LoadAndRemapMatrix
    LoadDataset MatchingFiles MatchingFilesDataset MergeV2Checkpoints PrintV2 PubSubDataset
    PyFunc PyFuncStateless ReadFile RecordInput RegisterDataset RegisterDatasetV2 Restore
    RestoreSlice RestoreV2 Rpc RpcCall RpcCheckStatus RpcClient RpcGetValue RpcServer
    RpcServerRegister RpcServerStart Save SaveDataset SaveDatasetV2 SaveSlices SaveV2
    Skipgram SnapshotChunkDataset SnapshotDataset SnapshotDatasetReader SnapshotDatasetV2
    SnapshotNestedDatasetReader SqlDataset StatsAggregatorSetSummaryWriter SummaryWriter
    TFRecordDataset TFRecordDatasetV2 TFRecordReader TFRecordReaderV2 TextLineDataset
    TextLineReader TextLineReaderV2 TryRpc WholeFileReader WholeFileReaderV2 WorkerHeartbeat
    WriteAudioSummary WriteFile WriteGraphSummary WriteHistogramSummary WriteImageSummary
    WriteKafka WriteRawProtoSummary WriteScalarSummary WriteSummary XlaCustomCall
    XlaCustomCallV2
    """.split()  # noqa: SIM905, a name a line is no easier to read
)

# TensorFlow's own saving and restoring has these in every model with variables.
SAVER_OPS = frozenset({"MergeV2Checkpoints", "RestoreV2", "SaveV2"})
