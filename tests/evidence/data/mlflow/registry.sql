CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
CREATE TABLE "datasets" (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
CREATE TABLE "latest_metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT, 
	step BIGINT NOT NULL, 
	is_nan BOOLEAN NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
CREATE TABLE logged_models (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	artifact_location VARCHAR(1000) NOT NULL, 
	creation_timestamp_ms BIGINT NOT NULL, 
	last_updated_timestamp_ms BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	lifecycle_stage VARCHAR(32), 
	model_type VARCHAR(500), 
	source_run_id VARCHAR(32), 
	status_message VARCHAR(1000), 
	CONSTRAINT logged_models_pk PRIMARY KEY (model_id), 
	CONSTRAINT logged_models_lifecycle_stage_check CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT fk_logged_models_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
CREATE TABLE "model_version_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_tag_pk PRIMARY KEY (workspace, "key", name, version), 
	CONSTRAINT fk_model_version_tags_model_versions FOREIGN KEY(workspace, name, version) REFERENCES model_versions (workspace, name, version) ON UPDATE CASCADE
);
CREATE TABLE "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), 
	storage_location VARCHAR(500), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT fk_model_versions_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
CREATE TABLE "registered_model_aliases" (
	alias VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_alias_pk PRIMARY KEY (workspace, name, alias), 
	CONSTRAINT fk_registered_model_aliases_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE "registered_models" (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_pk PRIMARY KEY (workspace, name)
);
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "alembic_version" VALUES('dc11669786a5');
INSERT INTO "datasets" VALUES('5e63112e25cb49969c549efe73bcee4a',1,'accounts 2025','926e0644','local','{"uri": "accounts 2025.npy"}','{"mlflow_tensorspec": {"features": "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}]", "targets": null}}','{"features_shape": [3, 2], "features_size": 6, "features_nbytes": 48}');
INSERT INTO "datasets" VALUES('1bb0e911fc76479c9b25cd5d39990b6c',1,'accounts 2026','eeaa8d51','local','{"uri": "accounts 2026.npy"}','{"mlflow_tensorspec": {"features": "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}]", "targets": null}}','{"features_shape": [3, 2], "features_size": 6, "features_nbytes": 48}');
INSERT INTO "datasets" VALUES('591bd2765c05463f84166926feaf93d1',1,'accounts 2025','d119d2c9','local','{"uri": "accounts 2025.npy"}','{"mlflow_tensorspec": {"features": "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}]", "targets": null}}','{"features_shape": [3, 2], "features_size": 6, "features_nbytes": 48}');
INSERT INTO "datasets" VALUES('1ca0cce308dd46038fe58250dd0ba89f',1,'accounts 2026','449ab2ce','local','{"uri": "accounts 2026.npy"}','{"mlflow_tensorspec": {"features": "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}]", "targets": null}}','{"features_shape": [3, 2], "features_size": 6, "features_nbytes": 48}');
INSERT INTO "experiments" VALUES(0,'Default','@FOLDER@/mlruns/0','active',1795767332883,1795767332883,'default');
INSERT INTO "experiments" VALUES(1,'credit','file://@ARTIFACTS@','active',1795767332890,1795767332890,'default');
INSERT INTO "input_tags" VALUES('8beee003153e4ed89b5d4de82cdd6026','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('fa974b61760f49898c9a39de19582133','mlflow.data.context','validation');
INSERT INTO "input_tags" VALUES('cc89daf64f5d48c39f8fa3822c3da515','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('54bd6ae8974b4058b6c97700f8663f52','mlflow.data.context','validation');
INSERT INTO "inputs" VALUES('8beee003153e4ed89b5d4de82cdd6026','DATASET','5e63112e25cb49969c549efe73bcee4a','RUN','064aad94a9f24f2c91f3ffcab45316b5',0);
INSERT INTO "inputs" VALUES('fa974b61760f49898c9a39de19582133','DATASET','1bb0e911fc76479c9b25cd5d39990b6c','RUN','064aad94a9f24f2c91f3ffcab45316b5',0);
INSERT INTO "inputs" VALUES('7f90dd986bae4bf49f9570a1569c460c','RUN_OUTPUT','064aad94a9f24f2c91f3ffcab45316b5','MODEL_OUTPUT','m-4d925cfd2d5b4fcc8a0edd5257291217',0);
INSERT INTO "inputs" VALUES('cc89daf64f5d48c39f8fa3822c3da515','DATASET','591bd2765c05463f84166926feaf93d1','RUN','bee78ed654d54bc5924398dd8ee20238',0);
INSERT INTO "inputs" VALUES('54bd6ae8974b4058b6c97700f8663f52','DATASET','1ca0cce308dd46038fe58250dd0ba89f','RUN','bee78ed654d54bc5924398dd8ee20238',0);
INSERT INTO "inputs" VALUES('f2de719cb14b450fb447410dfdee5305','RUN_OUTPUT','bee78ed654d54bc5924398dd8ee20238','MODEL_OUTPUT','m-f9ad92a9e6aa4399a061025e34a7b5f6',0);
INSERT INTO "latest_metrics" VALUES('auc',0.71,1795767332979,0,0,'064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "latest_metrics" VALUES('ks',3.09999999999999942268e-01,1795767332979,0,0,'064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "latest_metrics" VALUES('auc',0.73,1795767336650,0,0,'bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "latest_metrics" VALUES('ks',3.29999999999999960031e-01,1795767336650,0,0,'bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "logged_models" VALUES('m-4d925cfd2d5b4fcc8a0edd5257291217',1,'model','file://@ARTIFACTS@/models/m-4d925cfd2d5b4fcc8a0edd5257291217/artifacts',1795767333073,1795767336394,2,'active',NULL,'064aad94a9f24f2c91f3ffcab45316b5',NULL);
INSERT INTO "logged_models" VALUES('m-f9ad92a9e6aa4399a061025e34a7b5f6',1,'model','file://@ARTIFACTS@/models/m-f9ad92a9e6aa4399a061025e34a7b5f6/artifacts',1795767336799,1795767340678,2,'active',NULL,'bee78ed654d54bc5924398dd8ee20238',NULL);
INSERT INTO "model_version_tags" VALUES('reviewed','yes','credit-scorer',1,'default');
INSERT INTO "model_versions" VALUES('credit-scorer',1,1795767336490,1795767336490,NULL,NULL,'None','models:/m-4d925cfd2d5b4fcc8a0edd5257291217','064aad94a9f24f2c91f3ffcab45316b5','READY',NULL,NULL,'file://@ARTIFACTS@/models/m-4d925cfd2d5b4fcc8a0edd5257291217/artifacts','default');
INSERT INTO "model_versions" VALUES('credit-scorer',2,1795767340700,1795767340700,NULL,NULL,'None','models:/m-f9ad92a9e6aa4399a061025e34a7b5f6','bee78ed654d54bc5924398dd8ee20238','READY',NULL,NULL,'file://@ARTIFACTS@/models/m-f9ad92a9e6aa4399a061025e34a7b5f6/artifacts','default');
INSERT INTO "params" VALUES('trees','100','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "params" VALUES('depth','3','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "params" VALUES('trees','200','bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "params" VALUES('depth','3','bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "registered_model_aliases" VALUES('champion',1,'credit-scorer','default');
INSERT INTO "registered_models" VALUES('credit-scorer',1795767336456,1795767340700,NULL,'default');
INSERT INTO "runs" VALUES('064aad94a9f24f2c91f3ffcab45316b5','fit 1','UNKNOWN','','','modeller','FINISHED',1795767332957,1795767336568,'','active','file://@ARTIFACTS@/064aad94a9f24f2c91f3ffcab45316b5/artifacts',1,NULL);
INSERT INTO "runs" VALUES('bee78ed654d54bc5924398dd8ee20238','fit 2','UNKNOWN','','','modeller','FINISHED',1795767336590,1795767340716,'','active','file://@ARTIFACTS@/bee78ed654d54bc5924398dd8ee20238/artifacts',1,NULL);
INSERT INTO "tags" VALUES('mlflow.user','modeller','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','5c1f0e2b7d9a4c3e8f6a1b2d3c4e5f60718293a4','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "tags" VALUES('mlflow.source.git.branch','main','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "tags" VALUES('mlflow.runName','fit 1','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "tags" VALUES('mlflow.source.git.repoURL','https://git.example/credit.git','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "tags" VALUES('licence','own work','064aad94a9f24f2c91f3ffcab45316b5');
INSERT INTO "tags" VALUES('mlflow.user','modeller','bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','5c1f0e2b7d9a4c3e8f6a1b2d3c4e5f60718293a4','bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "tags" VALUES('mlflow.source.git.branch','main','bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "tags" VALUES('mlflow.runName','fit 2','bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "tags" VALUES('mlflow.source.git.repoURL','https://git.example/credit.git','bee78ed654d54bc5924398dd8ee20238');
INSERT INTO "tags" VALUES('licence','own work','bee78ed654d54bc5924398dd8ee20238');
