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
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
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
INSERT INTO "datasets" VALUES('36c9d1a0944643bf9e4dedf3c612bf2a',1,'accounts 2025','926e0644','local','{"uri": "accounts 2025.npy"}','{"mlflow_tensorspec": {"features": "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}]", "targets": null}}','{"features_shape": [3, 2], "features_size": 6, "features_nbytes": 48}');
INSERT INTO "datasets" VALUES('0bfc948b8ef3459fb80471103966a9d4',1,'accounts 2026','eeaa8d51','local','{"uri": "accounts 2026.npy"}','{"mlflow_tensorspec": {"features": "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}]", "targets": null}}','{"features_shape": [3, 2], "features_size": 6, "features_nbytes": 48}');
INSERT INTO "datasets" VALUES('de834994dd154b5495c76b4db85beabd',1,'accounts 2025','d119d2c9','local','{"uri": "accounts 2025.npy"}','{"mlflow_tensorspec": {"features": "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}]", "targets": null}}','{"features_shape": [3, 2], "features_size": 6, "features_nbytes": 48}');
INSERT INTO "datasets" VALUES('8cfa5db4198b4e809b3642ba3c9e3d00',1,'accounts 2026','449ab2ce','local','{"uri": "accounts 2026.npy"}','{"mlflow_tensorspec": {"features": "[{\"type\": \"tensor\", \"tensor-spec\": {\"dtype\": \"float64\", \"shape\": [-1, 2]}}]", "targets": null}}','{"features_shape": [3, 2], "features_size": 6, "features_nbytes": 48}');
INSERT INTO "experiments" VALUES(0,'Default','@FOLDER@/mlruns/0','active',1795768327169,1795768327169,'default');
INSERT INTO "experiments" VALUES(1,'credit','file://@ARTIFACTS@','active',1795768327189,1795768327189,'default');
INSERT INTO "input_tags" VALUES('5bd2261ddc1747d59a7a9941ebd3cce7','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('8503ee94106a44f7a3d39f63dbeac1ae','mlflow.data.context','validation');
INSERT INTO "input_tags" VALUES('2ea77715f78b4e799e8166ec5ea1660d','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('d304d2fb559a4978bbd47a880bae8528','mlflow.data.context','validation');
INSERT INTO "inputs" VALUES('5bd2261ddc1747d59a7a9941ebd3cce7','DATASET','36c9d1a0944643bf9e4dedf3c612bf2a','RUN','ff8a8a7688934adab2f0e955bbf2b2e0',0);
INSERT INTO "inputs" VALUES('8503ee94106a44f7a3d39f63dbeac1ae','DATASET','0bfc948b8ef3459fb80471103966a9d4','RUN','ff8a8a7688934adab2f0e955bbf2b2e0',0);
INSERT INTO "inputs" VALUES('95131cebdc6a4c1eacd6e3b186505d4d','RUN_OUTPUT','ff8a8a7688934adab2f0e955bbf2b2e0','MODEL_OUTPUT','m-1bd6ae3742c34718816dc5b344e7256e',0);
INSERT INTO "inputs" VALUES('2ea77715f78b4e799e8166ec5ea1660d','DATASET','de834994dd154b5495c76b4db85beabd','RUN','cc849968b7904fb49580eb46f3226056',0);
INSERT INTO "inputs" VALUES('d304d2fb559a4978bbd47a880bae8528','DATASET','8cfa5db4198b4e809b3642ba3c9e3d00','RUN','cc849968b7904fb49580eb46f3226056',0);
INSERT INTO "inputs" VALUES('7d28c6d4df464dd290d33605a11934e4','RUN_OUTPUT','cc849968b7904fb49580eb46f3226056','MODEL_OUTPUT','m-b55d4c631f2f4627b3e0f27e351888d8',0);
INSERT INTO "latest_metrics" VALUES('auc',0.71,1795768327442,0,0,'ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "latest_metrics" VALUES('ks',3.09999999999999942268e-01,1795768327442,0,0,'ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "latest_metrics" VALUES('auc',0.73,1795768328975,0,0,'cc849968b7904fb49580eb46f3226056');
INSERT INTO "latest_metrics" VALUES('ks',3.29999999999999960031e-01,1795768328975,0,0,'cc849968b7904fb49580eb46f3226056');
INSERT INTO "logged_models" VALUES('m-1bd6ae3742c34718816dc5b344e7256e',1,'model','file://@ARTIFACTS@/models/m-1bd6ae3742c34718816dc5b344e7256e/artifacts',1795768327761,1795768328722,2,'active',NULL,'ff8a8a7688934adab2f0e955bbf2b2e0',NULL);
INSERT INTO "logged_models" VALUES('m-b55d4c631f2f4627b3e0f27e351888d8',1,'model','file://@ARTIFACTS@/models/m-b55d4c631f2f4627b3e0f27e351888d8/artifacts',1795768329062,1795768329196,2,'active',NULL,'cc849968b7904fb49580eb46f3226056',NULL);
INSERT INTO "model_version_tags" VALUES('reviewed','yes','credit-scorer',1,'default');
INSERT INTO "model_versions" VALUES('credit-scorer',1,1795768328837,1795768328837,NULL,NULL,'None','models:/m-1bd6ae3742c34718816dc5b344e7256e','ff8a8a7688934adab2f0e955bbf2b2e0','READY',NULL,NULL,'file://@ARTIFACTS@/models/m-1bd6ae3742c34718816dc5b344e7256e/artifacts','default');
INSERT INTO "model_versions" VALUES('credit-scorer',2,1795768329260,1795768329260,NULL,NULL,'None','models:/m-b55d4c631f2f4627b3e0f27e351888d8','cc849968b7904fb49580eb46f3226056','READY',NULL,NULL,'file://@ARTIFACTS@/models/m-b55d4c631f2f4627b3e0f27e351888d8/artifacts','default');
INSERT INTO "params" VALUES('trees','100','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "params" VALUES('depth','3','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "params" VALUES('trees','200','cc849968b7904fb49580eb46f3226056');
INSERT INTO "params" VALUES('depth','3','cc849968b7904fb49580eb46f3226056');
INSERT INTO "registered_model_aliases" VALUES('champion',1,'credit-scorer','default');
INSERT INTO "registered_models" VALUES('credit-scorer',1795768328794,1795768329260,NULL,'default');
INSERT INTO "runs" VALUES('ff8a8a7688934adab2f0e955bbf2b2e0','fit 1','UNKNOWN','','','modeller','FINISHED',1795768327372,1795768328920,'','active','file://@ARTIFACTS@/ff8a8a7688934adab2f0e955bbf2b2e0/artifacts',1,NULL);
INSERT INTO "runs" VALUES('cc849968b7904fb49580eb46f3226056','fit 2','UNKNOWN','','','modeller','FINISHED',1795768328949,1795768329334,'','active','file://@ARTIFACTS@/cc849968b7904fb49580eb46f3226056/artifacts',1,NULL);
INSERT INTO "tags" VALUES('mlflow.user','modeller','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','5c1f0e2b7d9a4c3e8f6a1b2d3c4e5f60718293a4','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "tags" VALUES('mlflow.source.git.branch','main','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "tags" VALUES('mlflow.runName','fit 1','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "tags" VALUES('mlflow.source.git.repoURL','https://git.example/credit.git','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "tags" VALUES('licence','own work','ff8a8a7688934adab2f0e955bbf2b2e0');
INSERT INTO "tags" VALUES('mlflow.user','modeller','cc849968b7904fb49580eb46f3226056');
INSERT INTO "tags" VALUES('mlflow.source.name','train.py','cc849968b7904fb49580eb46f3226056');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','cc849968b7904fb49580eb46f3226056');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','5c1f0e2b7d9a4c3e8f6a1b2d3c4e5f60718293a4','cc849968b7904fb49580eb46f3226056');
INSERT INTO "tags" VALUES('mlflow.source.git.branch','main','cc849968b7904fb49580eb46f3226056');
INSERT INTO "tags" VALUES('mlflow.runName','fit 2','cc849968b7904fb49580eb46f3226056');
INSERT INTO "tags" VALUES('mlflow.source.git.repoURL','https://git.example/credit.git','cc849968b7904fb49580eb46f3226056');
INSERT INTO "tags" VALUES('licence','own work','cc849968b7904fb49580eb46f3226056');
